"""Cheat 11, inherited-fd-forge: writes forged answers into every open descriptor, then leaves.

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
