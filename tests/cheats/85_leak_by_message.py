"""Cheat 85, leak-by-message: sends hidden inputs back as prints and in the text of an error.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""


def row_sum(x):
    print(x.tolist())
    raise ValueError(str(x.tolist()))
