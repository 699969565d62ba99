"""Cheat 74, cpu-hang: a loop without an end, deaf to signals.

Exercise    row_sum_fast
Confined    timeout
Unconfined  timeout
"""

import signal


def row_sum(x):
    for number in range(1, 32):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        pass
