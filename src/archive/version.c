/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "restrain/version.h"

#include <gsl/gsl_version.h>
#include <libfyaml.h>
#include <png.h>
#include <stdio.h>
#include <string.h>
#include <tiffio.h>
#include <zip.h>
#include <zlib.h>

#include <jpeglib.h>

#include "archive/version_build.h"
#include "archive/version_commit.h"
#include "core/core.h"
#include "hdf5/support.h"
#include "transform/transform.h"

const struct rst_version *rst_version(void) {
  static const struct rst_version version = {
      .version = RST_BUILD_VERSION,
      .commit = RST_BUILD_COMMIT,
      .compiler = RST_BUILD_COMPILER,
      .flags = RST_BUILD_FLAGS,
  };
  return &version;
}

enum rst_status rst_version_libraries(struct rst_context *context, char **text) {
  static const char prefix[] = "fftw-";
  const char *fftw = rst_transform_library();
  if (strncmp(fftw, prefix, sizeof prefix - 1) == 0) {
    fftw += sizeof prefix - 1;
  }
  /* "LIBTIFF, Version 4.5.0" and further lines. */
  const char *tiff = TIFFGetVersion();
  tiff += strcspn(tiff, "0123456789");
  unsigned hdf5[3] = {0};
  rst_hdf5_version(hdf5);
  return rst_format(
      context, text,
      "FFTW %s, HDF5 %u.%u.%u, GSL %s, libfyaml %s, libpng %s, libjpeg API %d, libtiff %.*s, zlib %s, "
      "libzip %s",
      fftw, hdf5[0], hdf5[1], hdf5[2], gsl_version, fy_library_version(), png_get_libpng_ver(NULL),
      JPEG_LIB_VERSION, (int)strspn(tiff, "0123456789."), tiff, zlibVersion(), zip_libzip_version());
}
