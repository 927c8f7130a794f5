/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef RST_HDF5_VERSION_H
#define RST_HDF5_VERSION_H

/** Version of the HDF5 library in use: major, minor, release. */
void rst_hdf5_version(unsigned version[3]);

#endif
