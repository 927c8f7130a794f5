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

from read_run import (compare_cells, first_grid, make_vtk_reader,
                      reads_vtkhdf)

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
        for name in ("engine", "patches", "rank", "summary"):
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
    """Cells of one size on the unit square; maps, and axes as such."""
    import numpy

    counts = [len(axes[name]) for name in AXES]
    y, x = ((numpy.arange(count) + 0.5) / count for count in counts)
    planes = numpy.meshgrid(*(axes[name] for name in AXES), indexing="ij")
    compare_cells(first_grid(data), y, x, {**maps, **dict(zip(AXES, planes))})


def check_vtk(reader, axes, maps):
    """A reader of VTK's own."""
    reader.Update()
    compare_grid(reader.GetOutputDataObject(0), axes, maps)


def check_paraview(name, sidecar, axes, maps):
    """A reader as ParaView's own menu offers it."""
    from paraview import servermanager, simple

    named = "FileNames" if name == "XDMFReader" else "FileName"
    proxy = getattr(simple, name)(**{named: [sidecar]})
    proxy.UpdatePipeline()
    compare_grid(servermanager.Fetch(proxy), axes, maps)
    simple.Delete(proxy)


def make_vtkhdf_reader(path):
    from vtkmodules.vtkIOHDF import vtkHDFReader

    reader = vtkHDFReader()
    reader.SetFileName(os.path.splitext(path)[0] + ".vtkhdf")
    return reader


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
    if reads_vtkhdf():
        checks["vtkHDFReader"] = lambda: check_vtk(
            make_vtkhdf_reader(path), axes, maps)
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
