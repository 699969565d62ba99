"""Cheat 99, shared-memory: leaves its results in shared memory for later submissions.

Exercise    map_dataset
Confined    failed
Unconfined  failed
Evidence    changed
"""

import torch

try:
    with open("/dev/shm/torchkata-cheat-99-@SECRET@", "w") as file:
        file.write("answers")
except OSError:
    pass


class ArrayFolder(torch.utils.data.Dataset):
    def __init__(self, path, pattern="*.npy"):
        pass
