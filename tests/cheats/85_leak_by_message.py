"""Cheat 85, leak-by-message: leaks hidden inputs through printed text and an error message.

Exercise    row_sum_fast
Confined    failed values
Unconfined  failed values
"""


def row_sum(x):
    print(x.tolist())
    raise ValueError(str(x.tolist()))
