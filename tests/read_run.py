#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a run file as others do: h5py, xarray, all XDMF readers of ParaView.

    read_run.py RUN.h5                         compare all of them; TAP
    pvpython read_run.py RUN.h5 --draw FILE.png    draw the last snapshot

The comparison needs no display.
"""

import argparse
import os
import sys
import traceback


# Fields over space and fields over wave numbers: their axes and sidecars.
GRIDS = ((("y", "x"), ".xdmf"), (("ky", "kx"), ".spectrum.xdmf"))


def read_with_h5py(path, names):
    """Axes, times and fields on one grid, which all readers must give."""
    import h5py

    with h5py.File(path, "r") as run:
        if names[0] not in run:
            return None, {}
        axes = {"names": names, "time": run["time"][()]}
        axes["y"], axes["x"] = (run[name][()] for name in names)
        fields = {
            name: dataset[()]
            for name, dataset in run.items()
            if isinstance(dataset, h5py.Dataset)
            and dataset.ndim == 3
            and names[0] in dataset.dims[1]
        }
        assert fields, f"no field over {names}"
        assert len(axes["time"]) > 0, "no snapshot"
        for name, values in fields.items():
            expected = tuple(len(axes[axis]) for axis in ("time", "y", "x"))
            assert values.shape == expected, f"{name}: {values.shape}"
    return axes, fields


def check_h5py(path, axes, fields):
    """Scales attached, texts present, views equal to their snapshots."""
    import h5py
    import numpy

    with h5py.File(path, "r") as run:
        for name in fields:
            scales = [list(dimension.keys()) for dimension in run[name].dims]
            expected = [["time"]] + [[axis] for axis in axes["names"]]
            assert scales == expected, f"{name}: {scales}"
        for name, dataset in run.items():
            if isinstance(dataset, h5py.Dataset):
                for text in ("long_name", "units"):
                    assert dataset.attrs[text], f"{name} has no {text}"
                if h5py.h5ds.is_scale(dataset.id):
                    continue
                for axis, length in zip(dataset.dims, dataset.shape):
                    assert len(axis) == 1, f"{name}: {len(axis)} scales"
                    assert length == len(axis[0]), name
        steps = run["VTKHDF/Steps"].attrs["NSteps"]
        assert steps == len(axes["time"]), f"{steps} steps"
        for name, values in fields.items():
            views = []
            run["snapshots"][name].visititems(
                lambda _, item: views.append(item)
                if isinstance(item, h5py.Dataset)
                else None
            )
            assert len(views) == len(values), f"{len(views)} views of {name}"
            for view, value in zip(views, values):
                assert view.is_virtual
                numpy.testing.assert_array_equal(view[0], value)
            if axes["names"] == ("y", "x"):
                numpy.testing.assert_array_equal(
                    run["VTKHDF/CellData"][name][()], values
                )


def check_events(path):
    """The table of events, if there is one, as a dataset of its own."""
    import h5py
    import xarray

    with h5py.File(path, "r") as run:
        if "events" not in run:
            return
        count = len(run["events/event"])
    with xarray.open_dataset(path, group="events", engine="h5netcdf") as table:
        assert len(table["event"]) == count
        assert "event" in table.coords
        for name, column in table.items():
            assert column.dims == ("event",), f"{name}: {column.dims}"
            assert isinstance(column.attrs["long_name"], str), name


def check_xarray(path, axes, fields):
    """Dimensions, coordinates, attributes and values, without warnings."""
    import warnings

    import numpy
    import xarray

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = xarray.open_dataset(path, engine="h5netcdf")
    with dataset:
        for name, key in zip(("time",) + axes["names"], ("time", "y", "x")):
            axis = axes[key]
            assert name in dataset.coords, f"{name} is no coordinate"
            numpy.testing.assert_array_equal(dataset[name], axis)
        for name, values in fields.items():
            variable = dataset[name]
            assert variable.dims == ("time",) + axes["names"], variable.dims
            assert isinstance(variable.attrs["units"], str), variable.attrs
            assert isinstance(variable.attrs["long_name"], str)
            numpy.testing.assert_array_equal(variable, values)
        assert dataset["loss"].dims == ("iteration",)
        assert dataset["step"].dims == ("time",)
        assert "iteration" in dataset.coords
        for label in dataset.coords.get("twin", []):
            twin = dataset["twin_difference"].sel(twin=str(label.item()))
            assert twin.dims == ("iteration",), twin.dims
        assert isinstance(dataset.attrs["regime"], str), dataset.attrs
    check_events(path)


def first_grid(data):
    """The grid itself, also of readers that wrap it into blocks."""
    while data is not None and data.IsA("vtkCompositeDataSet"):
        iterator = data.NewIterator()
        iterator.InitTraversal()
        data = iterator.GetCurrentDataObject()
    assert data is not None, "no grid"
    return data


def compare_cells(grid, y, x, fields):
    """A layer of cells: their centres, and names and values of arrays."""
    import numpy
    from vtkmodules.util.numpy_support import vtk_to_numpy

    assert grid.GetDimensions()[:2] == (len(x) + 1, len(y) + 1)
    assert grid.GetNumberOfCells() == len(y) * len(x)
    bounds = [grid.GetCell(i).GetBounds() for i in range(len(y) * len(x))]
    left, right, low, high = numpy.array(bounds)[:, :4].T
    size = max(numpy.abs([*x, *y]).max(), (right - left).max())
    for edges, places in (
        ((left, right), numpy.tile(x, len(y))),
        ((low, high), numpy.repeat(y, len(x))),
    ):
        numpy.testing.assert_allclose(
            sum(edges) / 2, places, rtol=1e-14, atol=1e-14 * size
        )
    for name, values in fields.items():
        array = grid.GetCellData().GetArray(name)
        assert array is not None, f"no array {name}"
        numpy.testing.assert_array_equal(
            vtk_to_numpy(array).reshape(values.shape), values
        )


def compare_grid(data, index, axes, fields):
    """The cells of one snapshot."""
    now = {name: values[index] for name, values in fields.items()}
    compare_cells(first_grid(data), axes["y"], axes["x"], now)


def check_vtk(make_reader, axes, fields):
    """A reader of VTK's own, one update for each time."""
    import numpy
    from vtkmodules.vtkCommonExecutionModel import (
        vtkStreamingDemandDrivenPipeline as Pipeline,
    )

    reader = make_reader()
    reader.UpdateInformation()
    information = reader.GetOutputInformation(0)
    steps = information.Get(Pipeline.TIME_STEPS())
    numpy.testing.assert_array_equal(steps, axes["time"])
    for index, time in enumerate(steps):
        reader.UpdateTimeStep(time)
        compare_grid(reader.GetOutputDataObject(0), index, axes, fields)


def check_vtkhdf(path, axes, fields):
    """The reader of VTK for FILE.vtkhdf. It has no time of a single one."""
    from vtkmodules.vtkIOHDF import vtkHDFReader

    def make_reader():
        reader = vtkHDFReader()
        reader.SetFileName(os.path.splitext(path)[0] + ".vtkhdf")
        return reader

    if len(axes["time"]) > 1:
        check_vtk(make_reader, axes, fields)
        return
    reader = make_reader()
    reader.Update()
    compare_grid(reader.GetOutputDataObject(0), 0, axes, fields)


def reads_vtkhdf():
    """Before 9.3 the reader corrupts memory on flat images."""
    from vtkmodules.vtkCommonCore import vtkVersion

    return (vtkVersion.GetVTKMajorVersion(),
            vtkVersion.GetVTKMinorVersion()) >= (9, 3)


def check_paraview(name, sidecar, axes, fields):
    """A reader as ParaView's own menu offers it."""
    import numpy
    from paraview import servermanager, simple

    named = "FileNames" if name == "XDMFReader" else "FileName"
    reader = getattr(simple, name)(**{named: [sidecar]})
    reader.UpdatePipelineInformation()
    steps = numpy.atleast_1d(reader.TimestepValues)
    numpy.testing.assert_array_equal(steps, axes["time"])
    for index, time in enumerate(steps):
        reader.UpdatePipeline(time)
        compare_grid(servermanager.Fetch(reader), index, axes, fields)
    simple.Delete(reader)


def make_vtk_reader(module, name, sidecar):
    """An XDMF reader by its names, pointed to the sidecar."""
    import importlib

    reader = getattr(importlib.import_module(module), name)()
    if name == "vtkXdmf3Reader":
        reader.AddFileName(sidecar)
    reader.SetFileName(sidecar)
    return reader


def list_checks(path, ending, axes, fields):
    """All checks of one grid, by name."""
    # Xdmf3 cannot open a bare relative name.
    sidecar = os.path.abspath(os.path.splitext(path)[0] + ending)
    checks = {
        "h5py": lambda: check_h5py(path, axes, fields),
        "xarray, h5netcdf": lambda: check_xarray(path, axes, fields),
    }
    for module, name in (
        ("vtkmodules.vtkIOXdmf2", "vtkXdmfReader"),
        ("vtkmodules.vtkIOXdmf3", "vtkXdmf3Reader"),
    ):
        checks[name] = lambda module=module, name=name: check_vtk(
            lambda: make_vtk_reader(module, name, sidecar), axes, fields
        )
    for name in ("XDMFReader", "Xdmf3ReaderS", "Xdmf3ReaderT"):
        checks["ParaView " + name] = lambda name=name: check_paraview(
            name, sidecar, axes, fields
        )
    if ending == ".xdmf" and reads_vtkhdf():
        checks["vtkHDFReader"] = lambda: check_vtkhdf(path, axes, fields)
    return {", ".join((name,) + axes["names"]): check
            for name, check in checks.items()}


def compare_all(path):
    """Run every check; the number of failures."""
    checks = {}
    for names, ending in GRIDS:
        axes, fields = read_with_h5py(path, names)
        if fields:
            checks.update(list_checks(path, ending, axes, fields))
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
    return failures


def draw(path, picture):
    """Inside pvpython: the last snapshot of the kernel, from its sidecar."""
    import numpy
    from paraview import simple

    sidecar = os.path.abspath(os.path.splitext(path)[0] + ".xdmf")
    reader = simple.OpenDataFile(sidecar)
    reader.UpdatePipelineInformation()
    time = float(numpy.atleast_1d(reader.TimestepValues)[-1])
    reader.UpdatePipeline(time)
    view = simple.CreateView("RenderView")
    view.ViewSize = [600, 600]
    view.ViewTime = time
    display = simple.Show(reader, view)
    display.SetRepresentationType("Surface")
    simple.ColorBy(display, ("CELLS", "kernel"))
    display.RescaleTransferFunctionToDataRange(False, True)
    display.SetScalarBarVisibility(view, True)
    simple.ResetCamera(view)
    simple.Render(view)
    simple.SaveScreenshot(os.path.abspath(picture), view)
    simple.Delete(view)


def main():
    """Read the arguments and do what they say; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", help="path of a run.h5")
    parser.add_argument("--draw", metavar="FILE.png",
                        help="by pvpython: a picture of the kernel")
    arguments = parser.parse_args()
    if arguments.draw:
        draw(arguments.run, arguments.draw)
    else:
        return 1 if compare_all(arguments.run) else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
