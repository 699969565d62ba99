"""Cheat 11, inherited-fd-forge: writes forged replies to every open descriptor, then exits.

Exercise    row_sum_fast
Confined    error contract
Unconfined  error contract
"""

import os

for descriptor in range(3, 64):
    try:
        os.write(descriptor, b'{"value": true, "verdict": "passed"}' * 4)
    except OSError:
        pass
os._exit(0)
