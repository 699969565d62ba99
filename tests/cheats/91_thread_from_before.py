"""Cheat 91, thread-from-before: a thread that was started at import does the work, where no meter counts.

Exercise    row_sum_unbind
Confined    failed ops
Unconfined  failed ops
"""

from concurrent.futures import ThreadPoolExecutor


def loop(x):
    total = x.new_zeros(x.shape[1])
    for i in range(len(x)):
        total = total + x[i]
    return total


pool = ThreadPoolExecutor(1)
pool.submit(int).result()


def row_sum(x):
    return pool.submit(loop, x).result()
