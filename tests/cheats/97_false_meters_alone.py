"""Cheat 97, false-meters-alone: patches the engine's meters, where nothing else judges the cost.

Exercise    curve_features
Confined    passed
Unconfined  passed
"""

import torch
from torchkata.worker.meters.ops import OpMeter

OpMeter._measure = lambda self, func, args, kwargs: func(*args, **kwargs)


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def term_by_term(w, x):
    return w[0, 0] * x * x + w[1, 0] * x + w[2, 0]


predict = term_by_term
