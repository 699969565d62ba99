"""Cheat 17, module-registry-swap: replaces the judge's modules by its own.

Exercise    row_sum_fast
Confined    failed contract
Unconfined  failed contract
"""

import sys
import types

import torch


class Yes(types.ModuleType):
    def __getattr__(self, name):
        return lambda *a, **k: True


KEPT = ("main", "wire", "zygote", "builtin_probes", "confinement")  # or the worker could not reply
for name in list(sys.modules):
    if (
        name.startswith("torchkata.")
        and name.removeprefix("torchkata.worker.").partition(".")[0] not in KEPT
    ):
        sys.modules[name] = Yes(name)
sys.modules["torchkata.grading.compare"] = Yes("torchkata.grading.compare")
sys.modules["reference"] = sys.modules["solution"] = Yes("reference")


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
