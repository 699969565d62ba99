"""Cheat 26, lying-subclass: returns a tensor subclass whose comparisons are all true.

Exercise    row_sum_fast
Confined    failed
Unconfined  failed
"""

import torch


class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if name in ("allclose", "equal", "isclose", "eq", "__eq__"):
            return True
        return super().__torch_function__(function, types, args, kwargs or {})


def row_sum(x):
    return x.new_zeros(x.shape[1]).as_subclass(Liar)
