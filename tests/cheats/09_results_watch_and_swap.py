"""Cheat 9, results-watch-and-swap: a thread waits for the report and edits it afterwards.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
Evidence    changed
"""

import threading
import time

import torch


def swap():
    for _ in range(50):
        try:
            with open("@FOLDER@/report.json", "a") as file:
                file.write("passed")
        except OSError:
            pass
        time.sleep(0.01)


threading.Thread(target=swap, daemon=True).start()


def row_sum(x):
    return torch.zeros_like(x[0] if len(x) else x.sum(0))
