"""Cheat 95, stop-oneself: the process stops itself and waits to be continued.

Exercise    row_sum_fast
Confined    timeout
Unconfined  timeout
"""

import os
import signal


def row_sum(x):
    os.kill(os.getpid(), signal.SIGSTOP)
    return x.sum(0)
