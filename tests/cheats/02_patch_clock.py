"""Cheat 2, patch-clock: the process's clocks stop while a slow result is computed.

Exercise    row_sum_fast
Confined    failed speed
Unconfined  failed speed
"""

import time

for clock in ("perf_counter", "perf_counter_ns", "process_time", "process_time_ns", "monotonic"):
    frozen = getattr(time, clock)()
    setattr(time, clock, lambda frozen=frozen: frozen)


def slow(x):
    total = x.new_zeros(x.shape[1])
    for row in x:
        total = total + row
    return total


row_sum = slow
