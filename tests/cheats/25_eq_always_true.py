"""Cheat 25, eq-always-true: returns an object that equals everything.

Exercise    row_sum_fast
Confined    failed shape
Unconfined  failed shape
"""


class Same:
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


def row_sum(x):
    return Same()
