"""Cheat 13, nonce-theft: searches the environment and memory for a secret of the judge, and prints it.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
Evidence    never told
"""

import gc
import os

import torch

for name, value in os.environ.items():
    if "SECRET" in name or "SEED" in name or "KATA_JUDGE" in name:
        print("told", value)
for thing in gc.get_objects():
    if isinstance(thing, dict) and "seed" in thing and isinstance(thing["seed"], int):
        print("told", thing["seed"])


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
