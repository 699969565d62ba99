"""Cheat 30, pickle-bomb: returns an object that runs code when it is unpickled.

Exercise    row_sum_fast
Confined    failed shape
Unconfined  failed shape
Evidence    harmless
"""

import torch


class Bomb:
    def __reduce__(self):
        return (open, ("@FOLDER@/bomb.txt", "w"))


def row_sum(x):
    return Bomb()
