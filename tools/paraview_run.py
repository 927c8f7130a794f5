#!/usr/bin/env pvpython
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the fields of a run side by side over time in ParaView.

    pvpython tools/paraview_run.py RUN.xdmf              play, then turn
    RESTRAIN_RUN=RUN.xdmf paraview --script=tools/paraview_run.py
                                                         in the full program
    xvfb-run -a pvpython tools/paraview_run.py RUN.xdmf --save FRAMES.png

One view for each of kernel, twin differences and tangent field that the run
stores (output.fields: [difference, tangent]), or of those named. Cameras are
linked; each colour map is symmetric and the same at all times; the time is
written into the first view. Differences grow by orders of magnitude: they
are coloured by sign and size in decades, sign(d) log10(1 + |d|/floor), with
the floor at 1e-15 of the kernel unless --floor says otherwise. --save writes
FRAMES.0000.png and so on, one for each snapshot, or one picture with --at.
"""
import argparse
import os
import sys

import numpy
import paraview
from paraview import simple

FIELDS = ('kernel', 'difference', 'tangent')
DECADES = 'decades of '
# From blue through white to red, as the figures of tools/figures.
RED_WHITE_BLUE = ((-1, 0.02, 0.19, 0.38), (-0.5, 0.26, 0.58, 0.76),
                  (0, 0.97, 0.97, 0.97), (0.5, 0.84, 0.38, 0.30),
                  (1, 0.40, 0.00, 0.12))


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog='paraview_run', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('run', nargs='?',
                        default=os.environ.get('RESTRAIN_RUN'),
                        help='RUN.xdmf beside the run.h5; or RESTRAIN_RUN')
    parser.add_argument('fields', nargs='*', help='fields to show')
    parser.add_argument('--save', metavar='FILE.png',
                        help='write pictures rather than open a window')
    parser.add_argument('--at', type=float, metavar='TIME',
                        help='only the snapshot next to this time')
    parser.add_argument('--floor', type=float, metavar='SIZE',
                        help='of differences, where their colours begin')
    parser.add_argument('--size', type=int, default=480, metavar='PIXELS',
                        help='side of a view (480)')
    arguments = parser.parse_args()
    if not arguments.run:
        parser.error('name a RUN.xdmf')
    if not os.path.exists(arguments.run):
        print(f'paraview_run: {arguments.run} does not exist',
              file=sys.stderr)
        sys.exit(4)
    return arguments


def choose_fields(stored, named):
    """Names in the order of FIELDS; a name of FIELDS means all its twins."""
    unknown = [name for name in named if not any(
        matches(field, name) for field in stored)]
    if unknown:
        print(f'paraview_run: no field {", ".join(unknown)}; the run stores '
              f'{", ".join(stored)}', file=sys.stderr)
        sys.exit(4)
    return [field for name in named or FIELDS for field in stored
            if matches(field, name)]


def matches(field, name):
    return field == name or field.startswith(f'{name}_')


def ranges(reader, times, fields):
    """Largest magnitude of each field over all times."""
    largest = dict.fromkeys(fields, 0.0)
    for time in times:
        reader.UpdatePipeline(time)
        for field in fields:
            bounds = reader.PointData[field].GetRange()
            largest[field] = max(largest[field], *map(abs, bounds))
    return largest


def by_decades(reader, field, floor, bound):
    """The field on a logarithmic scale of both signs, and its bound."""
    shown = simple.Calculator(Input=reader)
    shown.ResultArrayName = DECADES + field
    size = f'log10(1+abs("{field}")/{floor!r})'
    shown.Function = f'sign("{field}")*{size}'
    return shown, shown.ResultArrayName, numpy.log10(1 + bound / floor)


def colour(display, view, name, bound):
    simple.ColorBy(display, ('POINTS', name))
    table = simple.GetColorTransferFunction(name)
    table.AutomaticRescaleRangeMode = 'Never'
    table.ColorSpace = 'Lab'
    table.RGBPoints = [value for place, *shade in RED_WHITE_BLUE
                       for value in (place * bound, *shade)]
    bar = simple.GetScalarBar(table, view)
    bar.Title, bar.ComponentTitle = name, ''
    bar.TitleColor = bar.LabelColor = (0, 0, 0)
    bar.Orientation, bar.WindowLocation = 'Horizontal', 'Lower Center'
    bar.ScalarBarLength = 0.7
    display.SetScalarBarVisibility(view, True)


def show(reader, field, bound, floor, size):
    view = simple.CreateView('RenderView')
    view.ViewSize = [size, size]
    view.UseColorPaletteForBackground = 0
    view.Background = (1, 1, 1)
    view.OrientationAxesVisibility = 0
    view.InteractionMode = '2D'
    source, name = reader, field
    if field.startswith('difference'):
        source, name, bound = by_decades(reader, field, floor, bound)
    display = simple.Show(source, view)
    # Points in a line have no surface.
    flat = min(reader.GetDataInformation().GetExtent()[1::2][:2]) == 0
    display.SetRepresentationType('Points' if flat else 'Surface')
    if flat:
        display.PointSize = 6
    # Colours as in the bar, not as lit.
    display.Ambient, display.Diffuse = 1, 0
    colour(display, view, name, bound or 1)
    simple.ResetCamera(view)
    view.CameraParallelScale *= 1.1
    return view


def annotate(reader, view):
    text = simple.AnnotateTimeFilter(Input=reader)
    text.Format = 't = {time:g}'
    display = simple.Show(text, view)
    display.Color = (0, 0, 0)
    display.WindowLocation = 'Upper Center'


def arrange(views, size):
    """All views in a row, their cameras linked."""
    layout = simple.CreateLayout('restrain')
    simple.AssignViewToLayout(views[0], layout)
    place = 0
    for count, view in enumerate(views[1:], start=1):
        # Equal widths: each split leaves the rest to the right.
        place = layout.SplitHorizontal(place, 1 / (len(views) - count + 1)) + 1
        layout.AssignView(place, view)
        simple.AddCameraLink(views[0], view, f'camera {count}')
    layout.SetSize(size * len(views), size)
    return layout


def nearest(times, time):
    return int(numpy.abs(times - time).argmin())


def move(views, time):
    simple.GetAnimationScene().AnimationTime = time
    for view in views:
        view.ViewTime = time


def save(path, layout, views, times, only):
    stem, ending = os.path.splitext(os.path.abspath(path))
    ending = ending or '.png'
    frames = range(len(times)) if only is None else [nearest(times, only)]
    for frame in frames:
        move(views, times[frame])
        number = '' if only is not None else f'.{frame:04d}'
        simple.SaveScreenshot(f'{stem}{number}{ending}', layout)


def main():
    arguments = parse_arguments()
    reader = simple.OpenDataFile(os.path.abspath(arguments.run))
    if reader is None:
        print(f'paraview_run: {arguments.run} cannot be read',
              file=sys.stderr)
        sys.exit(4)
    reader.UpdatePipelineInformation()
    times = numpy.atleast_1d(reader.TimestepValues)
    reader.UpdatePipeline(times[0])
    fields = choose_fields(list(reader.PointData.keys()), arguments.fields)
    largest = ranges(reader, times, fields)
    floor = arguments.floor or 1e-15 * (largest.get('kernel') or 1)
    views = [show(reader, field, largest[field], floor, arguments.size)
             for field in fields]
    annotate(reader, views[0])
    layout = arrange(views, arguments.size)
    scene = simple.GetAnimationScene()
    scene.UpdateAnimationUsingDataTimeSteps()
    if arguments.save:
        save(arguments.save, layout, views, times, arguments.at)
        return
    if arguments.at is not None:
        move(views, times[nearest(times, arguments.at)])
        simple.RenderAllViews()
    elif not paraview.fromGUI:
        scene.Play()
    if not paraview.fromGUI:
        simple.Interact(views[0])


main()
