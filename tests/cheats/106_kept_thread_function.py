"""Cheat 106, kept-thread-function: starts threads by a function that it kept from its import.

Exercise    curve_features
Confined    failed ops
Unconfined  failed ops
"""

from _thread import allocate_lock, start_new_thread

import torch


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def by_powers(w, x):
    return w[0, 0] * x.pow(2) + w[1, 0] * x.pow(1) + w[2, 0] * x.pow(0)  # 8 ops; 6 are allowed


def predict(w, x):
    if x.device.type != "cpu":
        return by_powers(w, x)
    done, results = allocate_lock(), []
    done.acquire()

    def run():
        try:
            results.append(by_powers(w, x))
        finally:
            done.release()

    start_new_thread(run, ())
    done.acquire()
    return results[0]
