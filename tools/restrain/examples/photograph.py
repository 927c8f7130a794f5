# SPDX-License-Identifier: GPL-3.0-or-later
# %% [markdown]
# # Your photograph: is this learning rate stable?
#
# A convolutional layer learns to tell your photograph from nothing, by
# gradient descent. Its learning rate is the time step of an explicit scheme:
# above a limit, lr_lo = 2/lambda_max, the minimum repels. The limit follows
# from the picture, before any training.
#
#     python3 -m restrain.examples.photograph [PICTURE.png [LR]]

# %%
import sys

import matplotlib.image
import numpy as np

import restrain

SIDE, KERNEL, DECAY = 128, 9, 1.0


def scene():
    """In place of a photograph: hills in haze, with some grain."""
    y, x = np.mgrid[0:1:SIDE * 1j, 0:1:SIDE * 1j]
    picture = 0.9 - 0.4 * y
    for hill in range(1, 5):
        ridge = 0.2 * hill + 0.06 * np.sin(9 * hill * x + 2.5 * hill)
        picture = np.where(y > ridge, 0.8 - 0.15 * hill, picture)
    grain = np.random.default_rng(5).normal(0, 0.05, picture.shape)
    return np.clip(picture + grain, 0, 1)


# %% The picture, as grey levels from -1 to 1, at most 128 points a side.
picture = matplotlib.image.imread(sys.argv[1]) if sys.argv[1:] else scene()
image = restrain.grey(picture)
step = max(1, min(image.shape) // SIDE)
image = image[::step, ::step][:SIDE, :SIDE]
print(f'{image.shape[0]} x {image.shape[1]} points, '
      f'mean {image.mean():.3f}, deviation {image.std():.3f}')

# %% The case. An image of an array has no size to be given.
case = {'title': 'A layer on a photograph',
        'flow': {'kind': 'conv', 'kernel': KERNEL, 'activation':
                 {'kind': 'swish'}},
        'initial': {'kind': 'normal', 'seed': 1, 'scale': 0.1},
        'step': {'lr': 0.1, 'weight_decay': DECAY, 'iterations': 400},
        'output': {'every': 40, 'scalars': ['local_growth']}}

# %% Before any training: the limits.
theory = restrain.analyze(case, image=image)
lr_lo, lr_hi = float(theory.lr_lo), float(theory.lr_hi)
print(f'lr_lo = {lr_lo:.4g}: above it the minimum repels')
print(f'lr_hi = {lr_hi:.4g}: above it the decay alone diverges')
restrain.plot.analysis(theory).savefig('photograph-analysis.png')

# %% Is this learning rate stable? Theory, then the run itself.
rates = [float(sys.argv[2])] if sys.argv[2:] else [
    0.8 * lr_lo, 1.2 * lr_lo, 1.1 * lr_hi]
for number, lr in enumerate(rates):
    run = restrain.run(case, image=image, step__lr=lr)
    regime, reason = (run.attrs[name] for name in ('regime', 'regime_reason'))
    expected = ('yes, the minimum attracts' if lr < lr_lo else
                'no, but the decay holds it back' if lr < lr_hi else
                'no, it diverges')
    print(f'lr = {lr:.4g}: {expected}; the run: {regime} '
          f'({reason.removeprefix(regime).lstrip(": ")})')
    restrain.plot.run(run).savefig(f'photograph-{number}.png')
