"""Cheat 74, cpu-hang: an endless loop that ignores signals.

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
