#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read followed trajectories as others do.

    read_follow.py FOLLOW.h5

Compares h5py, xarray and all XDMF readers that ParaView offers; needs no
display. An assertion fails where they differ.
"""
import os
import sys
import warnings

import h5py
import numpy as np
import xarray
from paraview import servermanager, simple

from read_run import compare_cells, first_grid

READERS = ("XDMFReader", "Xdmf3ReaderS", "Xdmf3ReaderT")


def check_xarray(path, maps):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = xarray.open_dataset(path, engine="h5netcdf")
    with dataset:
        found = dataset["difference_map"]
        assert found.dims == ("twin", "tensor", "time")
        np.testing.assert_array_equal(found, maps)
        for name in found.dims:
            assert name in dataset.coords


def check_reader(name, sidecar, maps):
    """A picture for each twin: tensors over the numbers of the times."""
    named = "FileNames" if name == "XDMFReader" else "FileName"
    proxy = getattr(simple, name)(**{named: [sidecar]})
    proxy.UpdatePipeline()
    fields = {f"difference_map_{twin + 1}": values
              for twin, values in enumerate(maps)}
    y, x = map(np.arange, maps[0].shape)
    compare_cells(first_grid(servermanager.Fetch(proxy)), y, x, fields)
    simple.Delete(proxy)


def main():
    path = sys.argv[1]
    with h5py.File(path, "r") as file:
        maps = file["difference_map"][()]
    check_xarray(path, maps)
    for name in READERS:
        # Xdmf3 cannot open a bare relative name.
        check_reader(name, os.path.abspath(path[:-3] + ".xdmf"), maps)


if __name__ == "__main__":
    main()
