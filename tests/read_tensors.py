#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a run whose state has several tensors as others do.

    read_tensors.py RUN.h5

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
from vtkmodules.util.numpy_support import vtk_to_numpy

READERS = ("XDMFReader", "Xdmf3ReaderS", "Xdmf3ReaderT")


def read(path):
    """The tensors of the state, and of its fields, over time."""
    with h5py.File(path, "r") as run:
        tensors = {name: item[()] for name, item in run.items()
                   if isinstance(item, h5py.Dataset) and item.ndim > 1
                   and "time" in item.dims[0]}
        fields = {group: {name: run[group][name][()] for name in tensors}
                  for group, item in run.items()
                  if isinstance(item, h5py.Group) and set(item) == set(tensors)
                  and group != "snapshots"}
        for name in tensors:
            for axis in list(run[name].dims)[1:]:
                (scale,) = axis.keys()
                assert scale.startswith(name + "."), scale
    assert len(tensors) > 1 and fields
    return tensors, fields


def check_xarray(path, tensors):
    """Axes and values, without warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = xarray.open_dataset(path, engine="h5netcdf")
    with dataset:
        for name, values in tensors.items():
            axes = dataset[name].dims
            assert axes[0] == "time" and set(axes) <= set(dataset.coords)
            np.testing.assert_array_equal(dataset[name], values)


def mosaic(tensor):
    """The picture of one tensor at one time."""
    if tensor.ndim == 4:
        tensor = tensor.transpose(0, 2, 1, 3)
        return tensor.reshape(tensor.shape[0] * tensor.shape[1], -1)
    return tensor.reshape(-1, tensor.shape[-1])


def in_order(pictures):
    """By shape, since the order of tensors is not that of their names."""
    return sorted(pictures, key=lambda picture: picture.shape)


def blocks(data):
    """The grids of a moment."""
    iterator = data.NewIterator()
    iterator.InitTraversal()
    while not iterator.IsDoneWithTraversal():
        yield iterator.GetCurrentDataObject()
        iterator.GoToNextItem()


def check_places(grids):
    """From left to right, one of its cells apart, first rows level."""
    places = sorted((grid.GetBounds(), grid.GetSpacing()) for grid in grids)
    bounds, steps = (np.array(part) for part in zip(*places))
    np.testing.assert_allclose(bounds[1:, 0] - bounds[:-1, 1], steps[1:, 0])
    np.testing.assert_allclose(bounds[:, 2], -steps[:, 1] / 2)


def picture(grid, array):
    """The numbers of its cells."""
    nx, ny = (count - 1 for count in grid.GetDimensions()[:2])
    return vtk_to_numpy(grid.GetCellData().GetArray(array)).reshape(ny, nx)


def check_reader(name, sidecar, arrays):
    """Every block of every moment; arrays are lists of pictures by name."""
    named = "FileNames" if name == "XDMFReader" else "FileName"
    reader = getattr(simple, name)(**{named: [sidecar]})
    reader.UpdatePipelineInformation()
    for index, time in enumerate(np.atleast_1d(reader.TimestepValues)):
        reader.UpdatePipeline(time)
        grids = list(blocks(servermanager.Fetch(reader)))
        check_places(grids)
        for array, pictures in arrays.items():
            shown = [picture(grid, array) for grid in grids]
            expected = [mosaic(picture[index]) for picture in pictures]
            assert len(shown) == len(expected), name
            for one, other in zip(in_order(shown), in_order(expected)):
                np.testing.assert_array_equal(one, other)
    simple.Delete(reader)


def main():
    """Read the arguments and do what they say."""
    path = os.path.abspath(sys.argv[1])
    tensors, fields = read(path)
    check_xarray(path, tensors)
    arrays = {"kernel": list(tensors.values())}
    arrays.update((name, list(field.values()))
                  for name, field in fields.items())
    for name in READERS:
        check_reader(name, os.path.splitext(path)[0] + ".xdmf", arrays)


if __name__ == "__main__":
    main()
