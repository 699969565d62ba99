"""Cheat 125, late-thread: lets a thread finish the result after it is counted.

Exercise    curve_features
Confined    failed ops
Unconfined  failed ops
"""

import torch


def features(x):
    return torch.stack((x * x, x, torch.ones_like(x)), dim=1)


def by_powers(w, x):
    return w[0, 0] * x.pow(2) + w[1, 0] * x.pow(1) + w[2, 0] * x.pow(0)  # 8 ops; 6 are allowed


def counted(w, x):
    plain = x.device.type == "cpu" and not (x.requires_grad or w.requires_grad)
    return plain and torch._C._len_torch_dispatch_stack() > 0


import sys
import threading
import time

sys.setswitchinterval(1e-6)
main = threading.main_thread().ident


def inside():
    frame = sys._current_frames()[main]
    while frame is not None:
        if frame.f_code.co_name == "run_metered":
            return True
        frame = frame.f_back
    return False


def predict(w, x):
    if not counted(w, x):
        return by_powers(w, x)
    result = torch.empty_like(x)

    def run():
        while torch._C is not None and here[0] == 0:
            here[0] = not inside()
        result.copy_(by_powers(w, x))

    here = [0]
    threading.Thread(target=run).start()
    return result
