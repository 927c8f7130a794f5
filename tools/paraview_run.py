#!/usr/bin/env pvpython
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the fields of a run, a sweep or an analysis side by side in ParaView.

    pvpython tools/paraview_run.py FILE.xdmf             play, then turn
    RESTRAIN_RUN=FILE.xdmf paraview --script=tools/paraview_run.py
                                                         in the full program
    xvfb-run -a pvpython tools/paraview_run.py FILE.xdmf --save FRAMES.png
    xvfb-run -a pvpython tools/paraview_run.py FILE.xdmf --movie RUN.ogv

One view for each field: of a run kernel, twin differences and tangent field
as far as it stores them (output.fields: [difference, tangent]), of a sweep
regimes, exponents and losses, of an analysis all; or those named. Cameras are
linked and, but for sweeps and spectra, hold the first row on top, as pictures
do. A state of one row is a curve.

Each colour map is the same at all times. It is symmetric and ends at the
median over time of the largest numbers, so that a transient far beyond them
does not bleach the rest; numbers beyond have the last colour, infinities and
what is no number none. Differences grow by orders of magnitude: they are
coloured by sign and size in decades, sign(d) log10(1 + |d|/floor), with the
floor at 1e-15 of the kernel unless --floor says otherwise; losses and
amplification factors by their logarithm. --save writes FRAMES.0000.png and so
on, one for each snapshot, or one picture with --at or of what has no time.
"""
import argparse
import os
import sys

import numpy
from paraview import servermanager, simple
from vtkmodules.util.numpy_support import vtk_to_numpy

RUN = ('kernel', 'difference', 'tangent')
SWEEP = ('regime', 'lyapunov', 'final_loss')
SPECTRUM = ('amplification', 'symbol')
DECADES = ('amplification', 'final_loss', 'mean_loss', 'max_growth')
# By their codes from -1 on, with the colours of restrain/plot/style.py, which
# ParaView's Python may be unable to import.
REGIMES = (('pending', '#FFFFFF'), ('stable', '#023B3A'),
           ('transient', '#184D8C'), ('restrained-periodic', '#A9E2DE'),
           ('restrained-chaotic', '#DE562B'), ('divergent', '#000000'),
           ('undecided', '#999999'), ('converged', '#4A60A8'),
           ('bounded', '#EBAF4F'))
# From blue through white to red, as the figures of tools/figures.
RED_WHITE_BLUE = ((-1, 0.02, 0.19, 0.38), (-0.5, 0.26, 0.58, 0.76),
                  (0, 0.97, 0.97, 0.97), (0.5, 0.84, 0.38, 0.30),
                  (1, 0.40, 0.00, 0.12))
MASKED = (0.8, 0.8, 0.8)
LARGEST = sys.float_info.max


def fail(message):
    print(f'paraview_run: {message}', file=sys.stderr)
    sys.exit(4)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog='paraview_run', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('run', nargs='?', metavar='FILE.xdmf',
                        default=os.environ.get('RESTRAIN_RUN'),
                        help='beside the FILE.h5; or RESTRAIN_RUN')
    parser.add_argument('fields', nargs='*', help='fields to show')
    parser.add_argument('--save', metavar='FILE.png',
                        help='write pictures rather than open a window')
    parser.add_argument('--movie', metavar='FILE',
                        help='write a film: .ogv or .avi')
    parser.add_argument('--at', type=float, metavar='TIME',
                        help='only the snapshot next to this time')
    parser.add_argument('--floor', type=float, metavar='SIZE',
                        help='of differences, where their colours begin')
    parser.add_argument('--size', type=int, default=480, metavar='PIXELS',
                        help='side of a view (480)')
    parser.add_argument('--reader', metavar='NAME',
                        help="one of ParaView's, such as Xdmf3ReaderT")
    arguments = parser.parse_args()
    if not arguments.run:
        parser.error('name a FILE.xdmf')
    return arguments


def open_file(path, reader):
    """The source of a file, and the times that it has."""
    stem, ending = os.path.splitext(path)
    version = simple.GetParaViewVersion()
    if not os.path.exists(path):
        fail(f'{path} does not exist')
    if ending == '.h5':
        fail(f'{path} holds the numbers; open {stem}.xdmf beside it')
    if ending == '.vtkhdf' and (version.major, version.minor) < (5, 12):
        fail(f'ParaView {version.major}.{version.minor} does not read {path}, '
             f'5.12 does; open {stem}.xdmf')
    path = os.path.abspath(path)
    if reader is None:
        source = simple.OpenDataFile(path)
    else:
        name = 'FileNames' if reader == 'XDMFReader' else 'FileName'
        source = getattr(simple, reader)(**{name: [path]})
    if source is None:
        fail(f'{path} cannot be read')
    source.UpdatePipelineInformation()
    times = getattr(source, 'TimestepValues', None)
    return source, numpy.atleast_1d([] if times is None else times)


def grids(data):
    """The grids of a moment, which may be one."""
    if not data.IsA('vtkCompositeDataSet'):
        yield data
        return
    iterator = data.NewIterator()
    iterator.InitTraversal()
    while not iterator.IsDoneWithTraversal():
        yield iterator.GetCurrentDataObject()
        iterator.GoToNextItem()


def read(source):
    """The arrays of the moment, of each all numbers; and its rows."""
    arrays, rows = {}, 0
    for grid in grids(servermanager.Fetch(source)):
        rows = max(rows, grid.GetDimensions()[1] - 1)
        data = grid.GetCellData()
        for i in range(data.GetNumberOfArrays()):
            arrays.setdefault(data.GetArrayName(i), []).append(
                vtk_to_numpy(data.GetArray(i)).astype(float).ravel())
    return {name: numpy.concatenate(parts)
            for name, parts in arrays.items()}, rows


def matches(field, name):
    return field == name or field.startswith(f'{name}_')


def choose_fields(stored, named):
    """Names in the order wanted; a name means all its twins."""
    unknown = [name for name in named if not any(
        matches(field, name) for field in stored)]
    if unknown:
        fail(f'no field {", ".join(unknown)}; the file stores '
             f'{", ".join(stored)}')
    usual = SWEEP if 'regime' in stored else RUN
    chosen = [field for name in named or usual for field in stored
              if field == name or matches(field, name)]
    return chosen or list(stored)


class Range:
    """What the numbers of a field span over all times."""

    def __init__(self):
        self.largest, self.low, self.high, self.finite = [], 0, 0, True

    def add(self, numbers):
        finite = numbers[numpy.isfinite(numbers)]
        self.finite = self.finite and finite.size == numbers.size
        if finite.size > 0:
            self.largest.append(abs(finite).max())
            self.low = min(self.low, finite.min())
            self.high = max(self.high, finite.max())

    def bound(self):
        """Beyond which colours do not change."""
        some = [size for size in self.largest if size > 0]
        return numpy.median(some) if some else 1


def survey(source, times, fields):
    """The range of each field, and the rows of the state."""
    ranges = {field: Range() for field in fields}
    for time in times if len(times) > 0 else [None]:
        source.UpdatePipeline(*([] if time is None else [time]))
        arrays, rows = read(source)
        for field in fields:
            ranges[field].add(arrays[field])
    return ranges, rows


def derive(source, name, function):
    """A field computed from others."""
    shown = simple.Calculator(Input=source)
    shown.AttributeType = 'Cell Data'
    shown.ResultArrayName, shown.Function = name, function
    return shown


def mask(source, name):
    """Without the cells of infinities and of what is no number."""
    shown = simple.Threshold(Input=source)
    shown.Scalars = ['CELLS', name]
    shown.LowerThreshold, shown.UpperThreshold = -LARGEST, LARGEST
    return shown


def prepare(source, field, span, floor):
    """What is coloured: a source, its array and the end of its colours."""
    bound = span.bound()
    if field.startswith('difference'):
        name = f'decades of {field}'
        size = f'log10(1+abs("{field}")/{float(floor)!r})'
        source = derive(source, name, f'sign("{field}")*{size}')
        bound = numpy.log10(1 + max(span.largest, default=1) / floor) or 1
    elif field in DECADES:
        name = f'log10 {field}'
        source = derive(source, name, f'log10("{field}")')
        numbers = read_now(source, name)
        bound = Range()
        bound.add(numbers)
        return mask(source, name), name, bound.bound()
    else:
        name = field
    return source if span.finite else mask(source, name), name, bound


def read_now(source, name):
    source.UpdatePipeline()
    return read(source)[0][name]


def colour_regimes(table, codes):
    """Those that there are."""
    there = [(code, *regime) for code, regime in enumerate(REGIMES, start=-1)
             if code in codes]
    table.InterpretValuesAsCategories = 1
    # Both restrained ones by their last word.
    table.Annotations = [text for code, word, _ in there
                         for text in (str(code), word.split('-')[-1])]
    table.IndexedColors = [part / 255 for *_, colour in there
                           for part in bytes.fromhex(colour[1:])]


def colour_numbers(table, bound):
    table.AutomaticRescaleRangeMode = 'Never'
    table.ColorSpace = 'Lab'
    table.RGBPoints = [value for place, *shade in RED_WHITE_BLUE
                       for value in (place * bound, *shade)]


def add_bar(display, view, table, title):
    bar = simple.GetScalarBar(table, view)
    bar.Title, bar.ComponentTitle = title, ''
    bar.TitleColor = bar.LabelColor = (0, 0, 0)
    bar.TitleFontSize, bar.LabelFontSize = 14, 12
    bar.Orientation, bar.WindowLocation = 'Horizontal', 'Lower Center'
    bar.ScalarBarLength = 0.7
    display.SetScalarBarVisibility(view, True)


def place_camera(view, source, first_row_on_top):
    """Seen from behind and upside down, y runs down and x to the right."""
    left, right, low, high, *_ = source.GetDataInformation().GetBounds()
    size = max(right - left, high - low)
    x, y = (left + right) / 2, (low + high) / 2
    side = -1 if first_row_on_top else 1
    view.CameraParallelProjection = 1
    view.CameraParallelScale = 0.85 * size
    view.CameraFocalPoint = (x, y, 0)
    view.CameraPosition = (x, y, 4 * side * size)
    view.CameraViewUp = (0, side, 0)


def show_plane(source, field, span, arguments, first_row_on_top):
    view = simple.CreateView('RenderView')
    view.ViewSize = [arguments.size, arguments.size]
    view.UseColorPaletteForBackground = 0
    view.Background = (1, 1, 1) if span.finite else MASKED
    view.OrientationAxesVisibility = 0
    view.InteractionMode, view.UseFXAA = '2D', 0
    shown, name, bound = prepare(source, field, span, arguments.floor)
    display = simple.Show(shown, view)
    display.SetRepresentationType('Surface')
    # Colours as in the bar, not as lit.
    display.Ambient, display.Diffuse = 1, 0
    simple.ColorBy(display, ('CELLS', name))
    table = simple.GetColorTransferFunction(name)
    if name == 'regime':
        colour_regimes(table, read_now(shown, name))
    else:
        colour_numbers(table, bound)
    add_bar(display, view, table, name)
    place_camera(view, source, first_row_on_top)
    return view


def show_curve(source, field, span, arguments):
    view = simple.CreateView('XYChartView')
    view.ViewSize = [arguments.size, arguments.size]
    view.BottomAxisTitle, view.LeftAxisTitle = 'x', field
    display = simple.Show(simple.CellCenters(Input=source), view,
                          'XYChartRepresentation')
    display.AttributeType = 'Point Data'
    display.UseIndexForXAxis, display.XArrayName = 0, 'Points_X'
    display.SeriesVisibility = [field]
    display.SeriesLabel = [field, field]
    display.SeriesColor = [field, '0.13', '0.40', '0.67']
    # Growth by orders of magnitude would leave nothing but a line.
    if max(-span.low, span.high) < 10 * span.bound():
        view.LeftAxisUseCustomRange = 1
        view.LeftAxisRangeMinimum = span.low
        view.LeftAxisRangeMaximum = span.high
    return view


def write_text(view, text):
    display = simple.Show(simple.Text(Text=text), view)
    display.Color, display.FontSize = (0, 0, 0), 12
    display.WindowLocation = 'Upper Center'


def annotate_time(source, view):
    if view.GetXMLName() == 'XYChartView':
        view.ChartTitle = 't = {time:g}'
        return
    text = simple.AnnotateTimeFilter(Input=source)
    text.Format = 't = {time:g}'
    display = simple.Show(text, view)
    display.Color = (0, 0, 0)
    display.WindowLocation = 'Upper Center'


def describe_axis(name, values):
    steps = numpy.diff(values)
    is_even = len(steps) < 2 or numpy.ptp(steps) < 1e-6 * abs(steps).max()
    scale = '' if is_even else ', logarithmic' if min(values) > 0 and \
        numpy.ptp(numpy.diff(numpy.log(values))) < 1e-6 else ', as listed'
    return f'{name} {values[0]:g} to {values[-1]:g}{scale}'


def describe_axes(source):
    """Of a sweep: they are the arrays that change along x or y alone."""
    arrays, rows = read(source)
    known = SWEEP + DECADES + ('agreement', 'iterations_run', 'level',
                               'period')
    lines = []
    for name, numbers in arrays.items():
        plane = numbers.reshape(rows, -1)
        if name in known:
            continue
        if (plane == plane[0]).all():
            lines.append('right: ' + describe_axis(name, plane[0]))
        else:
            lines.append('up: ' + describe_axis(name, plane[:, 0]))
    return '\n'.join(sorted(lines))


def arrange(views, size, has_window):
    """All views in a row, their cameras linked; no empty layout beside."""
    idle = [layout for layout in simple.GetLayouts().values()
            if not any(view in views or view.Representations
                       for view in simple.GetViewsInLayout(layout))]
    layout = simple.CreateLayout('restrain')
    simple.AssignViewToLayout(views[0], layout)
    place = 0
    for count, view in enumerate(views[1:], start=1):
        # Equal widths: each split leaves the rest to the right.
        place = layout.SplitHorizontal(place, 1 / (len(views) - count + 1)) + 1
        layout.AssignView(place, view)
        if view.GetXMLName() == 'RenderView':
            simple.AddCameraLink(views[0], view, f'camera {count}')
    if not has_window:
        layout.SetSize(size * len(views), size)
    elif views[0].GetXMLName() == 'RenderView':
        # A map is as wide as its view is high, which may be narrow.
        width, height = views[0].ViewSize
        views[0].CameraParallelScale *= max(1, height / width)
    for old in idle:
        for view in simple.GetViewsInLayout(old):
            simple.Delete(view)
        simple.RemoveLayout(old)
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
    if len(times) == 0:
        simple.SaveScreenshot(stem + ending, layout)
        return
    frames = range(len(times)) if only is None else [nearest(times, only)]
    for frame in frames:
        move(views, times[frame])
        number = '' if only is not None else f'.{frame:04d}'
        simple.SaveScreenshot(f'{stem}{number}{ending}', layout)


def check_movie(path, times):
    if os.path.splitext(path)[1] not in ('.ogv', '.avi'):
        fail(f'{path}: a film is an .ogv or an .avi')
    if len(times) < 2:
        fail('a film needs several snapshots; --save writes a picture')


def show(source, times, arguments):
    """The views of the file."""
    source.UpdatePipeline(*times[:1])
    stored = list(source.CellData.keys())
    fields = choose_fields(stored, arguments.fields)
    ranges, rows = survey(source, times, fields)
    scale = ranges.get('kernel')
    arguments.floor = arguments.floor or 1e-15 * (
        scale.bound() if scale else 1)
    is_sweep = 'regime' in stored
    is_picture = not is_sweep and not set(SPECTRUM) & set(stored)
    views = []
    for field in fields:
        if rows == 1 and is_picture:
            views.append(show_curve(source, field, ranges[field], arguments))
        else:
            views.append(show_plane(source, field, ranges[field], arguments,
                                    is_picture))
    if is_sweep:
        write_text(views[0], describe_axes(source))
    elif len(times) > 0:
        annotate_time(source, views[0])
    return views


def main():
    arguments = parse_arguments()
    # The full program begins with a view.
    has_window = bool(simple.GetRenderViews())
    # Cameras are placed here.
    simple._DisableFirstRenderCameraReset()
    source, times = open_file(arguments.run, arguments.reader)
    if arguments.movie:
        check_movie(arguments.movie, times)
    views = show(source, times, arguments)
    layout = arrange(views, arguments.size, has_window)
    scene = simple.GetAnimationScene()
    scene.UpdateAnimationUsingDataTimeSteps()
    if arguments.save:
        save(arguments.save, layout, views, times, arguments.at)
    elif arguments.movie:
        simple.SaveAnimation(os.path.abspath(arguments.movie), layout,
                             FrameRate=10)
    else:
        if arguments.at is not None and len(times) > 0:
            move(views, times[nearest(times, arguments.at)])
            simple.RenderAllViews()
        elif not has_window:
            scene.Play()
        if not has_window:
            simple.Interact(views[0])


main()
