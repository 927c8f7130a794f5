# SPDX-License-Identifier: GPL-3.0-or-later
"""Linear regression under the noise of batches: the band in which each mode
fluctuates, of an ensemble and of the theory, its phase plane, and how far
members wander from their start; settings of arXiv 2107.09133."""
import matplotlib.pyplot as plt
import numpy as np

from .style import OKABE_ITO, PAGE

INPUTS = (('run', ('regression-noise',)), ('analyze', ('regression-noise',)),
          ('run', ('regression-diffusion',)))
BLACK, SKY, BLUE, RED = (OKABE_ITO[i] for i in (0, 2, 4, 5))
BAND = 1.96  # standard deviations, 95 %
# The updates of which the bands are shown, after the start has been forgotten.
SHOWN = 200


def plot_band(axes, run, analysis, mode):
    place = int(np.argmin(abs(analysis['mode_curvature'] -
                              np.sort(analysis['mode_curvature'])[mode])))
    step, position = run['step'], run['kernel'][:, 0, mode]
    mean = run['ensemble_mean'][:, 0, mode]
    half = BAND * np.sqrt(run['ensemble_variance'][:, 0, mode])
    axes.fill_between(step, mean - half, mean + half, color=SKY, alpha=0.5,
                      linewidth=0, label='ensemble, 95 %')
    axes.plot(step, position, color=BLACK, linewidth=0.6, label='one member')
    for name, look, label in (
            ('mode_variance', {'color': RED}, 'exact'),
            ('mode_sde_variance', {'color': BLUE, 'linestyle': '--'},
             'by the SDE')):
        limit = BAND * np.sqrt(analysis[name][place])
        axes.axhline(limit, **look, linewidth=0.9, label=label)
        axes.axhline(-limit, **look, linewidth=0.9)
    largest = BAND * np.sqrt(analysis['mode_variance'].max())
    axes.set(xlim=(step[-1] - SHOWN, step[-1]), xlabel='iteration',
             ylim=(-2 * largest, 2 * largest),
             title=f'mode of h = {analysis["mode_curvature"][place]:g}')


def plot_phase(axes, run, mode):
    position = run['kernel'][:, 0, mode]
    axes.plot(position[:-1], np.diff(position), color=BLUE, linewidth=0.6)
    axes.plot(position[0], np.diff(position)[0], 'o', color=RED, markersize=3)
    axes.set(xlabel='position', ylabel='change in an update',
             title='phase plane of the softest mode')


def exact_displacement(iterations, h, lr, variance):
    """E |u_t - u_0|^2 of modes that euler starts at their minimum: the sum of
    q_i (1 - r_i^(2 t))/(1 - r_i^2), r_i = 1 - lr h_i, q_i = lr^2 variance
    h_i."""
    r = 1 - lr * h
    powers = 1 - r[:, None]**(2 * iterations[None, :])
    return (lr**2 * variance * (h / (1 - r**2))[:, None] * powers).sum(axis=0)


def plot_diffusion(axes, run):
    rows = run['iteration'] > 0
    iterations = run['iteration'][rows]
    square = (run['member_displacement'][:, rows]**2).mean(axis=0)
    count = run['kernel'].shape[-1]
    h = (1.0 + np.arange(count))**-run.setting('flow.spectrum.exponent')
    exact = exact_displacement(
        iterations, h, run.lr,
        run.setting('sampling.sigma')**2 / run.setting('sampling.batch'))
    axes.plot(iterations, square, color=SKY,
              label=f'mean of {len(run["member_displacement"])} members')
    axes.plot(iterations, exact, color=RED, linewidth=0.9, label='exact')
    axes.plot(iterations, exact[0] * (iterations / iterations[0])**0.5, ':',
              color=BLACK, label='slope 1/2')
    axes.set(xscale='log', yscale='log', xlabel='iteration',
             ylabel='mean square displacement',
             title=r'anomalous diffusion, $h_i = i^{-2}$')
    axes.legend()


def draw(files):
    (noise,), (analysis,), (diffusion,) = files
    figure, panels = plt.subplot_mosaic(
        [[0, 1, 2], ['phase', 'diffusion', 'diffusion']],
        figsize=(PAGE, 4.6), layout='constrained')
    for mode in range(3):
        plot_band(panels[mode], noise, analysis, mode)
        panels[mode].tick_params(labelleft=mode == 0)
    panels[0].set_ylabel('position')
    panels[0].legend(loc='lower center', ncols=2, fontsize=5.5,
                     columnspacing=0.8, handlelength=1.2)
    plot_phase(panels['phase'], noise, 0)
    plot_diffusion(panels['diffusion'], diffusion)
    return figure
