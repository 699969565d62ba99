"""Cheat 142, flood-of-single-bytes: sends a reply of single bytes without end.

Exercise    row_sum_fast
Confined    timeout
Unconfined  timeout
Limit       4
"""

import os

import torch


def row_sum(x):
    head = b"KATA" + (100).to_bytes(4, "little") + (1 << 30).to_bytes(8, "little")
    os.write(4, head)
    while True:
        os.write(4, b"x")
