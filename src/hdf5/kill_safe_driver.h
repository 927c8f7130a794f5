/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_KILL_SAFE_DRIVER_H
#define RST_KILL_SAFE_DRIVER_H

#include <hdf5.h>
#include <stdbool.h>

/** @file
 * An HDF5 file driver whose files survive a kill at any moment.
 *
 * HDF5 writes what it changed in order of address, so that a process killed within H5Fflush() leaves pointers
 * to what was never written, or to addresses beyond the end that the superblock states. This driver orders
 * the writes. Bytes beyond the last committed end of the file are referred to by nothing yet and are written
 * at once. Changes of committed bytes wait in memory until HDF5 flushes, and then follow such that after each
 * of them the file is readable with all that was committed:
 *
 *     1. the file's length and the superblock with the new end, both with room for what comes next;
 *     2. raw data (rows beyond the committed ones of a partly filled chunk) and heaps (new names);
 *     3. B-tree nodes, parents before children: the half that a split moved is reachable in its new place
 *        before it leaves the old one; then symbol tables;
 *     4. object headers: datasets get their new lengths.
 *
 * Of a write that a kill interrupts, whole pages are done. HDF5's structures are therefore placed so that those
 * of at most a page lie within one; larger ones must not change once they are committed. So are raw data of
 * almost a page: chunks with a checksum, of which rows and checksum must change together. Other raw data may
 * be torn, as its committed part does not change.
 *
 * This holds for files that only grow while they are open: freed space must not be used again. HDF5 forgets
 * free space when a file is closed, so that it is enough to close a file after creation and open it to
 * append; a file that was not closed must not be opened for writing again. Files are old-format ones (bounds
 * EARLIEST), which have no checksums over metadata.
 *
 * After a failed write, or rst_kill_safe_driver_discard(), nothing is written any more: the file keeps its last
 * committed state. HDF5 is told of no failure, so that it can close everything: after a flush and at the closing the driver is
 * to be asked.
 */

/** Bytes that a kill leaves written or not as a whole, if they lie in one page. */
enum { RST_KILL_SAFE_PAGE = 4096 };

/** Choose the driver in a file access property list. */
bool rst_kill_safe_driver_use(hid_t access_list);
/** errno of the first write, truncation, synchronisation or closing that failed, 0 if all is well. */
int rst_kill_safe_driver_failure(hid_t file);
/** fsync, and the same. */
int rst_kill_safe_driver_synchronise(hid_t file);
/** H5Fclose(), and the same. */
int rst_kill_safe_driver_close(hid_t file);
/** Drop everything since the last H5Fflush(). */
void rst_kill_safe_driver_discard(hid_t file);

#endif
