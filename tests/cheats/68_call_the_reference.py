"""Cheat 68, call-the-reference: imports the course's own solution.

Exercise    row_sum_fast
Confined    failed values
Unconfined  passed
Evidence    told
"""

import importlib.util

try:
    spec = importlib.util.spec_from_file_location(
        "s", "@COURSE@/solutions/04_operators/03_row_sum_fast.py"
    )
    solution = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(solution)
    row_sum = solution.row_sum
    print("told @SECRET@")
except OSError:

    def row_sum(x):
        return x.new_zeros(x.shape[1])
