# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 8 of the journal's text in kind: loss and sharpness of fully
connected networks with two and with four hidden layers along full-batch
training, beside the limit 2/lr of gradient descent; Fashion-MNIST here."""
import matplotlib.pyplot as plt
import numpy as np

from .inputs import last_iteration
from .style import COLUMN, OKABE_ITO

CASES = ('fashion-*-hidden',)
COLOURS = (OKABE_ITO[4], OKABE_ITO[5])


def draw(runs):
    figure, (loss, sharpness) = plt.subplots(
        2, 1, figsize=(COLUMN, 4.2), layout='constrained', sharex=True)
    for run, colour in zip(runs, COLOURS):
        label = f'{run.stem.split("-")[1]} hidden layers'
        loss.plot(run['iteration'], run['loss'], color=colour, label=label,
                  linewidth=0.6)
        measured = np.isfinite(run['sharpness'])
        sharpness.plot(run['iteration'][measured],
                       run['sharpness'][measured], color=colour)
    limit = 2 / runs[0].lr
    line = sharpness.axhline(limit, color=OKABE_ITO[0], linestyle='--',
                             label=f'2/lr = {limit:g}')
    sharpness.legend(handles=[line])
    sharpness.set(ylabel=r'sharpness $\lambda_\mathrm{max}(H)$',
                  xlabel='iteration', ylim=(0, None))
    loss.set(ylabel='loss $L$', xlim=(0, last_iteration(runs)))
    loss.legend()
    return figure
