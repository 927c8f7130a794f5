/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "hdf5/kill_safe_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hdf5/kill_safe_changes.h"

/* What becomes of a file; outlives it where its closing is waited for. */
struct outcome {
  int failure; /* errno of the first write that failed, 0 for none */
  bool closed;
};

struct ordered_file {
  H5FD_t base;  /* HDF5's part, first */
  hid_t driver; /* a reference: HDF5 drops its own before it calls close */
  int descriptor;
  dev_t device;
  ino_t inode;
  haddr_t end;       /* of the addresses in use */
  haddr_t committed; /* the end at the last commit */
  haddr_t reserved;  /* the end that the superblock states */
  haddr_t length;    /* of the file on the disk */
  bool silent;       /* nothing is written any more: a write has failed, or what follows is not wanted */
  struct outcome own, *outcome;
  struct rst_changes changes;
};

static struct ordered_file *ordered(H5FD_t *file) {
  return (struct ordered_file *)file;
}

static const struct ordered_file *ordered_const(const H5FD_t *file) {
  return (const struct ordered_file *)file;
}

static herr_t push_error(hid_t minor, const char *what) {
  H5Epush2(H5E_DEFAULT, __FILE__, __func__, __LINE__, H5E_ERR_CLS, H5E_VFL, minor, "%s: %s", what,
           strerror(errno));
  return -1;
}

/* HDF5 is not told: objects that it fails to close crash its exit handler. Its writes are kept in memory, so that it finds
 * again what it believes to be on the disk. */
static void fail(struct ordered_file *file) {
  if (file->outcome->failure == 0) {
    file->outcome->failure = errno;
  }
  file->silent = true;
}

static bool write_fully(int descriptor, const unsigned char *bytes, size_t size, haddr_t address) {
  while (size > 0) {
    const ssize_t written = pwrite(descriptor, bytes, size, (off_t)address);
    if (written < 0 && errno != EINTR) {
      return false;
    }
    if (written > 0) {
      bytes += written;
      address += (haddr_t)written;
      size -= (size_t)written;
    }
  }
  return true;
}

/* The superblock states an end with room to spare, so that a reader who has seen it can follow what is
 * committed next, and a process is killed between two lengths less often than between two commits. The room
 * is a hole in the file, and goes when the file is closed. */
static bool reserve(struct ordered_file *file) {
  const haddr_t least = 1 << 20;
  const haddr_t share = file->end / 8;
  if (file->end <= file->reserved) {
    return true;
  }
  file->reserved = file->end + (share > least ? share : least);
  file->length = file->reserved;
  return ftruncate(file->descriptor, (off_t)file->reserved) == 0;
}

/* In a superblock of version 0, the address of the end is in the bytes 40 to 47. */
enum { SUPERBLOCK_HEAD = 48 };
static void state_end(unsigned char *superblock, size_t size, haddr_t end) {
  enum { VERSION = 8, END = 40, BITS = 8 };
  if (size >= SUPERBLOCK_HEAD && superblock[VERSION] == 0) {
    for (int i = END; i < SUPERBLOCK_HEAD; ++i) {
      superblock[i] = (unsigned char)(end >> (BITS * (i - END)));
    }
  }
}

static void commit(struct ordered_file *file) {
  if (file->silent) {
    return;
  }
  if (!reserve(file)) {
    fail(file);
    return;
  }
  rst_changes_sort(&file->changes);
  for (size_t i = 0; i < file->changes.count; ++i) {
    struct rst_change *change = &file->changes.list[i];
    if (change->type == H5FD_MEM_SUPER) {
      state_end(change->bytes, change->size, file->reserved);
    }
    if (!write_fully(file->descriptor, change->bytes, change->size, change->address)) {
      fail(file);
      return;
    }
  }
  rst_changes_drop(&file->changes);
  file->committed = file->end;
}

/* Give back the room that was reserved. */
static void settle(struct ordered_file *file) {
  unsigned char superblock[SUPERBLOCK_HEAD];
  if (file->silent || file->length <= file->end) {
    return;
  }
  bool settled = true;
  if (pread(file->descriptor, superblock, sizeof superblock, 0) == (ssize_t)sizeof superblock) {
    state_end(superblock, sizeof superblock, file->end);
    settled = write_fully(file->descriptor, superblock, sizeof superblock, 0);
  }
  if (!settled || ftruncate(file->descriptor, (off_t)file->end) != 0) {
    fail(file);
  }
}

static herr_t ordered_write(H5FD_t *base, H5FD_mem_t type, hid_t list, haddr_t address, size_t size,
                            const void *buffer) {
  (void)list;
  struct ordered_file *file = ordered(base);
  if (size == 0) {
    return 0;
  }
  if (!file->silent && address >= file->committed && !write_fully(file->descriptor, buffer, size, address)) {
    fail(file);
  }
  if (file->silent || address < file->committed) {
    if (!rst_changes_add(&file->changes, type, address, size, buffer)) {
      errno = ENOMEM;
      fail(file);
    }
    return 0;
  }
  file->length = file->length > address + size ? file->length : address + size;
  return 0;
}

/* Beyond the end of the file on the disk there are zeros; waiting changes cover what is on the disk. */
static herr_t ordered_read(H5FD_t *base, H5FD_mem_t type, hid_t list, haddr_t address, size_t size,
                           void *buffer) {
  (void)type;
  (void)list;
  const struct ordered_file *file = ordered_const(base);
  unsigned char *bytes = buffer;
  size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(file->descriptor, bytes + done, size - done, (off_t)(address + done));
    if (got < 0 && errno != EINTR) {
      return push_error(H5E_READERROR, "reading failed");
    }
    if (got == 0) {
      memset(bytes + done, 0, size - done);
      break;
    }
    done += got > 0 ? (size_t)got : 0;
  }
  rst_changes_overlay(&file->changes, address, size, bytes);
  return 0;
}

static herr_t ordered_flush(H5FD_t *base, hid_t list, hbool_t closing) {
  (void)list;
  (void)closing;
  commit(ordered(base));
  return 0;
}

/* HDF5 truncates before it flushes; the commit and the closing do it at the right moment. */
static herr_t ordered_truncate(H5FD_t *base, hid_t list, hbool_t closing) {
  (void)base;
  (void)list;
  (void)closing;
  return 0;
}

static H5FD_t *ordered_open(const char *name, unsigned flags, hid_t access_list, haddr_t largest) {
  (void)largest;
  const mode_t permissions = 0666;
  const int create = (flags & H5F_ACC_CREAT ? O_CREAT : 0) | (flags & H5F_ACC_TRUNC ? O_TRUNC : 0);
  const int descriptor =
      open(name, (flags & H5F_ACC_RDWR ? O_RDWR : O_RDONLY) | create | O_CLOEXEC, permissions);
  struct stat status;
  struct ordered_file *file = calloc(1, sizeof *file);
  if (!file || descriptor < 0 || fstat(descriptor, &status) != 0) {
    push_error(H5E_CANTOPENFILE, "opening failed");
    if (descriptor >= 0) {
      close(descriptor);
    }
    free(file);
    return NULL;
  }
  file->driver = H5Pget_driver(access_list);
  H5Iinc_ref(file->driver);
  file->descriptor = descriptor;
  file->outcome = &file->own;
  file->device = status.st_dev;
  file->inode = status.st_ino;
  file->length = (haddr_t)status.st_size;
  file->committed = file->length;
  file->reserved = file->length;
  return &file->base;
}

static herr_t ordered_close(H5FD_t *base) {
  struct ordered_file *file = ordered(base);
  commit(file);
  settle(file);
  if (close(file->descriptor) != 0 && !file->silent) {
    fail(file);
  }
  file->outcome->closed = true;
  const hid_t driver = file->driver;
  rst_changes_free(&file->changes);
  free(file);
  H5Idec_ref(driver);
  return 0;
}

static int ordered_compare(const H5FD_t *left, const H5FD_t *right) {
  const struct ordered_file *a = ordered_const(left);
  const struct ordered_file *b = ordered_const(right);
  if (a->device != b->device) {
    return a->device < b->device ? -1 : 1;
  }
  return a->inode < b->inode ? -1 : a->inode > b->inode;
}

/* No feature: neither blocks of addresses given out later nor merged writes, which would hide what is new. */
static herr_t ordered_query(const H5FD_t *base, unsigned long *features) {
  (void)base;
  *features = 0;
  return 0;
}

static haddr_t ordered_end(const H5FD_t *base, H5FD_mem_t type) {
  (void)type;
  return ordered_const(base)->end;
}

static herr_t ordered_set_end(H5FD_t *base, H5FD_mem_t type, haddr_t end) {
  (void)type;
  ordered(base)->end = end;
  return 0;
}

/* Within a page the kernel writes all or nothing, whatever signal comes. */
static haddr_t ordered_allocate(H5FD_t *base, H5FD_mem_t type, hid_t list, hsize_t size) {
  enum { PAGE = RST_KILL_SAFE_PAGE, ALMOST = PAGE - PAGE / 16 };
  (void)list;
  struct ordered_file *file = ordered(base);
  const haddr_t used = file->end % PAGE;
  const bool within_one = type != H5FD_MEM_DRAW || (size >= ALMOST && size <= PAGE);
  if (within_one && used > 0 && used + size > PAGE) {
    file->end += PAGE - used;
  }
  const haddr_t address = file->end;
  file->end += size;
  return address;
}

static haddr_t ordered_length(const H5FD_t *base, H5FD_mem_t type) {
  (void)type;
  return ordered_const(base)->length;
}

static herr_t ordered_handle(H5FD_t *base, hid_t list, void **handle) {
  (void)list;
  *handle = base;
  return 0;
}

static const H5FD_class_t ordered_class = {
#if H5_VERSION_GE(1, 13, 0)
    .version = H5FD_CLASS_VERSION,
    .value = (H5FD_class_value_t)4007,
#endif
    .name = "ordered",
    .maxaddr = (haddr_t)1 << 62,
    .fc_degree = H5F_CLOSE_WEAK,
    .open = ordered_open,
    .close = ordered_close,
    .cmp = ordered_compare,
    .query = ordered_query,
    .alloc = ordered_allocate,
    .get_eoa = ordered_end,
    .set_eoa = ordered_set_end,
    .get_eof = ordered_length,
    .get_handle = ordered_handle,
    .read = ordered_read,
    .write = ordered_write,
    .flush = ordered_flush,
    .truncate = ordered_truncate,
    .fl_map = H5FD_FLMAP_SINGLE,
};

bool rst_kill_safe_driver_use(hid_t access_list) {
  const hid_t driver = H5FDregister(&ordered_class);
  const bool used = driver >= 0 && H5Pset_driver(access_list, driver, NULL) >= 0;
  if (driver >= 0) {
    H5FDunregister(driver); /* the list holds its own reference */
  }
  return used;
}

static struct ordered_file *file_of(hid_t file) {
  void *handle = NULL;
  return H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) >= 0 ? handle : NULL;
}

int rst_kill_safe_driver_failure(hid_t file) {
  const struct ordered_file *own = file_of(file);
  return own ? own->outcome->failure : EBADF;
}

int rst_kill_safe_driver_synchronise(hid_t file) {
  struct ordered_file *own = file_of(file);
  while (own && !own->silent && fsync(own->descriptor) != 0) {
    if (errno != EINTR) {
      fail(own);
    }
  }
  return own ? own->outcome->failure : EBADF;
}

int rst_kill_safe_driver_close(hid_t file) {
  struct ordered_file *own = file_of(file);
  /* HDF5 releases the driver of a file just before it calls the driver's own close function; a list of the file's access
   * properties keeps the driver alive over that moment. */
  const hid_t list = H5Fget_access_plist(file);
  struct outcome outcome = {.failure = EBADF};
  if (own) {
    outcome = own->own;
    own->outcome = &outcome;
  }
  const bool closed = H5Fclose(file) >= 0;
  if (own && !outcome.closed) { /* HDF5 keeps the file, to the program's end */
    own->outcome = &own->own;
    own->silent = true;
  }
  H5Pclose(list);
  return outcome.failure == 0 && !(closed && outcome.closed) ? EIO : outcome.failure;
}

void rst_kill_safe_driver_discard(hid_t file) {
  struct ordered_file *own = file_of(file);
  if (own) {
    own->silent = true;
  }
}
