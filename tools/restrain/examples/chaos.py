# SPDX-License-Identifier: GPL-3.0-or-later
# %% [markdown]
# # From a fixed point to chaos
#
# One layer, one image, gradient descent with weight decay 20 (figure 4 of
# arXiv 2206.02001). Below lr_lo the run converges; above, the minimum repels,
# and yet the decay holds the run back: it swings between two states, then
# four, ..., and then never repeats itself. Beyond lr_hi nothing holds it.
#
#     python3 -m restrain.examples.chaos

# %%
import os
import tempfile

import numpy as np

import restrain

case = {'title': 'From a fixed point to chaos',
        'flow': {'kind': 'conv', 'kernel': 32,
                 'image': {'kind': 'checkerboard', 'size': 256}},
        'initial': {'kind': 'normal', 'seed': 7},
        'step': {'lr': 0.01, 'weight_decay': 20, 'iterations': 600},
        'stop': {'blow_up': 1e30},
        'output': {'every': 20, 'scalars': ['lyapunov', 'local_growth']}}

# %% The limits, before any run.
theory = restrain.analyze(case)
lr_lo, lr_hi = float(theory.lr_lo), float(theory.lr_hi)
print(f'lr_lo = {lr_lo:.6f}, lr_hi = {lr_hi:g}')

# %% Four rates. The files stay for a while, to be joined along lr.
with tempfile.TemporaryDirectory() as folder:
    for lr in (0.03, 0.035, 0.07, 0.11):
        run = restrain.run(case, path=os.path.join(folder, f'{lr}.h5'),
                           step__lr=lr)
        regime, reason = (run.attrs[name]
                          for name in ('regime', 'regime_reason'))
        print(f'lr = {lr}: {regime} '
              f'({reason.removeprefix(regime).lstrip(": ")})')
    runs = restrain.open_many(os.path.join(folder, '*.h5'), along='step.lr')
    chaotic = os.path.join(folder, '0.07.h5')
    restrain.plot.dashboard(chaotic).savefig('chaos-dashboard.png')
    restrain.plot.events(restrain.events(chaotic)).savefig(
        'chaos-events.png')
print(runs[['regime', 'exponent', 'period']].to_dataframe())
swings = runs.residual.sel(lr=0.035)[-2:].values
print(f'at lr = 0.035 the residual swings between {swings.min():.4f} and '
      f'{swings.max():.4f}')

# %% The way: what the iteration settles on over the learning rate.
diagram = restrain.bifurcate(case, bifurcation={
    'parameter': 'lr', 'from': 0.025, 'to': 0.105, 'count': 320,
    'burn_in': 400, 'samples': 80})
restrain.plot.bifurcation(diagram).savefig('chaos-diagram.png')
first = diagram.lr.values[diagram.lyapunov.values > 0.05][0]
print(f'chaos begins near lr = {first:.4f}')
for period in (2, 4, 8):
    where = diagram.lr.values[diagram.period.values == period]
    if where.size:
        print(f'period {period} from lr = {where.min():.4f} on')

# %% The plane, with the theory's curves.
plane = restrain.sweep(
    case, step__iterations=300,
    sweep={'lr': {'from': 0.005, 'to': 0.15, 'count': 96},
           'weight_decay': {'from': 2, 'to': 60, 'count': 64}})
restrain.plot.map(plane).savefig('chaos-map.png')
inside = (plane.lr > plane.lr_lo) & (plane.lr < plane.lr_hi)
held = plane.regime.isin(['restrained-periodic', 'restrained-chaotic',
                          'bounded', 'undecided'])
print(f'between the curves {float(held.where(inside).mean()):.1%} of the '
      'runs are held back; '
      f'{float(np.mean(plane.regime == "restrained-chaotic")):.1%} of the '
      'plane is chaos')
