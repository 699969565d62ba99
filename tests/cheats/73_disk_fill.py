"""Cheat 73, disk-fill: writes large files, and floods the output.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
Evidence    changed
"""

import torch

try:
    with open("@FOLDER@/large.bin", "wb") as file:
        file.write(bytes(32 << 20))
except OSError:
    pass
for _ in range(2000):
    print("x" * 1000)


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
