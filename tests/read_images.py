#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a run with the image of its flow, and responses, as others do.

    read_images.py RUN.h5

Compares xarray and all XDMF readers that ParaView offers; needs no display.
An assertion fails where they differ.
"""
import os
import sys
import warnings

import h5py
import numpy as np
import xarray
from paraview import servermanager, simple

from read_tensors import READERS, picture


def read(path):
    """Places and numbers at each time: name -> (scales, y, x, moments)."""
    stored = {}
    with h5py.File(path, "r") as run:
        for name in ("kernel", "image", "response"):
            if name not in run:
                continue
            scales = [next(iter(axis.keys())) for axis in run[name].dims]
            y, x = (run[scale][()] for scale in scales[-2:])
            moments = run[name][()]
            if scales[0] != "time":
                moments = np.stack([moments] * len(run["time"]))
            stored[name] = scales, y, x, moments
    assert "image" in stored
    return stored


def check_xarray(path, stored):
    """Coordinates and values, without warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = xarray.open_dataset(path, engine="h5netcdf")
    with dataset:
        for name, (scales, y, x, moments) in stored.items():
            dims = dataset[name].dims
            assert dims == tuple(scales) and set(dims) <= set(dataset.coords)
            np.testing.assert_array_equal(dataset[dims[-2]], y)
            np.testing.assert_array_equal(dataset[dims[-1]], x)
            shown = dataset[name].values
            if "time" not in dims:
                shown = np.stack([shown] * len(moments))
            np.testing.assert_array_equal(shown, moments)


def sidecar_of(path, name, scales):
    """The one that shows an array; None for several images."""
    stem = os.path.splitext(path)[0]
    if scales[-1] == "x":
        return stem + ".xdmf"
    return None if scales[0] == "example" else f"{stem}.{name}.xdmf"


def check_reader(reader_name, sidecar, name, y, x, moments):
    """One array on its grid at every moment, several planes as a column."""
    named = "FileNames" if reader_name == "XDMFReader" else "FileName"
    reader = getattr(simple, reader_name)(**{named: [sidecar]})
    reader.UpdatePipelineInformation()
    times = np.atleast_1d(reader.TimestepValues)
    assert len(times) == len(moments)
    for time, moment in zip(times, moments):
        reader.UpdatePipeline(time)
        grid = servermanager.Fetch(reader)
        while grid.IsA("vtkCompositeDataSet"):
            iterator = grid.NewIterator()
            iterator.InitTraversal()
            grid = iterator.GetCurrentDataObject()
        shown = picture(grid, name)
        np.testing.assert_array_equal(shown, moment.reshape(shown.shape))
        half = (x[1] - x[0]) / 2
        np.testing.assert_allclose(
            grid.GetBounds()[:4],
            (x[0] - half, x[-1] + half, y[0] - half,
             y[0] + 2 * half * len(shown) - half))
    simple.Delete(reader)


def main():
    """Read the arguments and do what they say."""
    path = os.path.abspath(sys.argv[1])
    stored = read(path)
    check_xarray(path, stored)
    for name, (scales, *places, moments) in stored.items():
        sidecar = sidecar_of(path, name, scales)
        for reader in READERS if sidecar else ():
            check_reader(reader, sidecar, name, *places, moments)


if __name__ == "__main__":
    main()
