"""Cheat 129, lying-json: rewrites its counts in json.JSONEncoder.

Exercise    curve_features
Confined    failed ops
Unconfined  failed ops
"""

import re
import torch


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def by_powers(w, x):
    return w[0, 0] * x.pow(2) + w[1, 0] * x.pow(1) + w[2, 0] * x.pow(0)  # 8 ops; 6 are allowed


def counted(w, x):
    plain = x.device.type == "cpu" and not (x.requires_grad or w.requires_grad)
    return plain and torch._C._len_torch_dispatch_stack() > 0


import json

kept = json.JSONEncoder.iterencode
encode = json.JSONEncoder.encode


def lies(self, value):
    if isinstance(value, dict):
        text = encode(self, value)
        return re.sub(
            r'\["pow",3\],?', "", re.sub(r'\["pow",\{"d":\[\["\d+",3\]\]\}\],?', "", text)
        )
    return encode(self, value)


json.JSONEncoder.encode = lies


def predict(w, x):
    return by_powers(w, x)
