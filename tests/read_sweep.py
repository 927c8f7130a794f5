#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a sweep file as others do: h5py, xarray, all XDMF readers of ParaView.

    read_sweep.py SWEEP.h5      compare all of them; TAP

No display is needed.
"""

import os
import sys
import traceback
import warnings

from read_run import first_grid, make_vtk_reader

AXES = ("weight_decay", "lr")
CURVES = ("lr_lo", "lr_hi")
BOUNDARIES = {"boxes": ("boundary", "box_size"), "dimension": ("boundary",),
              "dimension_error": ("boundary",)}


def read_with_h5py(path):
    """Axes and maps, which all readers must give."""
    import h5py

    with h5py.File(path, "r") as sweep:
        axes = {name: sweep[name][()] for name in AXES}
        maps = {name: dataset[()] for name, dataset in sweep.items()
                if isinstance(dataset, h5py.Dataset) and dataset.ndim == 2
                and name not in BOUNDARIES}
    return axes, maps


def check_h5py(path, axes, maps):
    """Scales attached, texts present, flags explained."""
    import h5py

    with h5py.File(path, "r") as sweep:
        for name in maps:
            scales = [list(dimension.keys()) for dimension in sweep[name].dims]
            assert scales == [[axis] for axis in AXES], f"{name}: {scales}"
        for name in CURVES:
            assert list(sweep[name].dims[0].keys()) == ["weight_decay"], name
        for name, wanted in BOUNDARIES.items():
            scales = [list(dimension.keys()) for dimension in sweep[name].dims]
            assert scales == [[axis] for axis in wanted], f"{name}: {scales}"
        meanings = sweep["boundary"].attrs["flag_meanings"].split()
        assert len(meanings) == len(sweep["boundary"]), meanings
        for name, dataset in sweep.items():
            if isinstance(dataset, h5py.Dataset):
                for text in ("long_name", "units"):
                    assert dataset.attrs[text], f"{name} has no {text}"
        for name in ("regime", "agreement"):
            values = sweep[name].attrs["flag_values"]
            meanings = sweep[name].attrs["flag_meanings"].split()
            assert len(values) == len(meanings) and values[0] == -1, name
            assert set(maps[name].flat) <= set(values), name
        assert sweep["regime"].dtype == "int8"
        for name in ("engine", "patches", "rank", "title"):
            assert name in sweep.attrs, name


def check_xarray(path, axes, maps):
    """Dimensions, coordinates, attributes and values, without warnings."""
    import numpy
    import xarray

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = xarray.open_dataset(path, engine="h5netcdf")
    with dataset:
        for name, values in axes.items():
            assert name in dataset.coords, f"{name} is no coordinate"
            numpy.testing.assert_array_equal(dataset[name], values)
        for name, values in maps.items():
            assert dataset[name].dims == AXES, dataset[name].dims
            assert dataset[name].dtype == values.dtype, name
            assert isinstance(dataset[name].attrs["long_name"], str)
            numpy.testing.assert_array_equal(dataset[name], values)
        for name, wanted in BOUNDARIES.items():
            assert dataset[name].dims == wanted, dataset[name].dims


def compare_grid(data, axes, maps):
    """Points, names and values."""
    import numpy
    from vtkmodules.util.numpy_support import vtk_to_numpy

    grid = first_grid(data)
    y, x = (axes[name] for name in AXES)
    assert grid.GetDimensions() == (len(x), len(y), 1), grid.GetDimensions()
    points = numpy.array([grid.GetPoint(i) for i in range(len(y) * len(x))])
    numpy.testing.assert_array_equal(points[:, 0], numpy.tile(x, len(y)))
    numpy.testing.assert_array_equal(points[:, 1], numpy.repeat(y, len(x)))
    numpy.testing.assert_array_equal(points[:, 2], 0)
    for name, values in maps.items():
        array = grid.GetPointData().GetArray(name)
        assert array is not None, f"no array {name}"
        numpy.testing.assert_array_equal(
            vtk_to_numpy(array).reshape(values.shape), values)


def check_vtk(reader, axes, maps):
    """A reader of VTK's own."""
    reader.Update()
    compare_grid(reader.GetOutputDataObject(0), axes, maps)


def check_paraview(name, sidecar, axes, maps):
    """A reader as ParaView's own menu offers it. Fetch() of ParaView 5.11
    loses the coordinates of rectilinear grids, so it is not asked."""
    from paraview import simple

    named = "FileNames" if name == "XDMFReader" else "FileName"
    proxy = getattr(simple, name)(**{named: [sidecar]})
    proxy.UpdatePipeline()
    reader = proxy.SMProxy.GetClientSideObject()
    compare_grid(reader.GetOutputDataObject(0), axes, maps)
    simple.Delete(proxy)


def list_checks(path):
    """All checks, by name."""
    axes, maps = read_with_h5py(path)
    # Xdmf3 cannot open a bare relative name.
    sidecar = os.path.abspath(os.path.splitext(path)[0] + ".xdmf")
    checks = {
        "h5py": lambda: check_h5py(path, axes, maps),
        "xarray, h5netcdf": lambda: check_xarray(path, axes, maps),
    }
    for module, name in (
        ("vtkmodules.vtkIOXdmf2", "vtkXdmfReader"),
        ("vtkmodules.vtkIOXdmf3", "vtkXdmf3Reader"),
    ):
        checks[name] = lambda module=module, name=name: check_vtk(
            make_vtk_reader(module, name, sidecar), axes, maps)
    for name in ("XDMFReader", "Xdmf3ReaderS", "Xdmf3ReaderT"):
        checks["ParaView " + name] = lambda name=name: check_paraview(
            name, sidecar, axes, maps)
    return checks


def main():
    """Run every check; the exit status."""
    checks = list_checks(sys.argv[1])
    print(f"1..{len(checks)}")
    failures = 0
    for number, (name, check) in enumerate(checks.items(), start=1):
        try:
            check()
            print(f"ok {number} - {name}", flush=True)
        except Exception:  # a missing or failing reader of any kind
            failures += 1
            print(f"not ok {number} - {name}", flush=True)
            for line in traceback.format_exc().splitlines():
                print("# " + line, flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
