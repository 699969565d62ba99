"""Cheat 49, offload-helper-process: a child process does the work, on its own clock.

Exercise    row_sum_fast
Confined    failed
Unconfined  failed
Evidence    changed
"""

import os

import torch


def row_sum(x):
    there, here = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(here, b"".join(value.to_bytes(8, "little", signed=True) for value in [0]))
        open("@FOLDER@/forked.txt", "w").close()
        os._exit(0)
    os.waitpid(child, 0)
    return x.new_zeros(x.shape[1])
