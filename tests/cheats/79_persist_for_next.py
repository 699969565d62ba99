"""Cheat 79, persist-for-next: leaves a file for the next submission.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
Evidence    changed
"""

import os

import torch

for place in ("@FOLDER@", "/dev/shm", os.path.expanduser("~"), os.path.dirname(torch.__file__)):
    try:
        with open(place + "/torchkata-cheat-79.txt", "w") as file:
            file.write("answers")
        if place != "@FOLDER@":
            os.remove(place + "/torchkata-cheat-79.txt")
    except OSError:
        pass


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
