"""Cheat 21, skip-or-xfail: skips itself.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""


def row_sum(x):
    import pytest

    pytest.skip("nothing to see")
