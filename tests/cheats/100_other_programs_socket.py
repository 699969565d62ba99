"""Cheat 100, other-programs-socket: connects to a program that listens on a Unix socket with a path, such as a terminal or a container.

Exercise    map_dataset
Confined    failed
Unconfined  failed
Evidence    connected
"""

import socket

import torch

try:
    with socket.socket(socket.AF_UNIX) as link:
        link.connect("@FOLDER@/listener")
        link.sendall(b"do this")
except OSError:
    pass


class ArrayFolder(torch.utils.data.Dataset):
    def __init__(self, path, pattern="*.npy"):
        pass
