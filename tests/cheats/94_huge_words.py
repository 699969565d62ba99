"""Cheat 94, huge-words: names that the grader quotes are hundreds of kilobytes long.

Exercise    linear_net
Confined    failed contract
Unconfined  failed contract
"""

import torch


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.register_parameter("a" * 300_000, torch.nn.Parameter(torch.rand(1)))

    def forward(self, x):
        return x
