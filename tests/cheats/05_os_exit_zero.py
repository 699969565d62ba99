"""Cheat 5, os-exit-zero: the process ends with status 0 before anything is judged.

Exercise    row_sum_fast
Confined    error contract
Unconfined  error contract
"""

import os

os._exit(0)
