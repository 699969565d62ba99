"""Cheat 28, hide-errors: patches the display of exceptions, so that none is shown.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""

import sys
import traceback

sys.excepthook = lambda *a: None
traceback.print_exc = traceback.format_exc = traceback.extract_tb = lambda *a, **k: []


def row_sum(x):
    raise RuntimeError("unseen")
