"""Grader of mend_shift: faulty code, which has to fail on purity as shipped."""

import torch

from torchkata import Case, Exercise, Function, Ops, normal


def entry_by_entry(x):
    mean = sum(x.tolist()) / len(x)
    return torch.tensor([v - mean for v in x.tolist()], dtype=x.dtype)


EXERCISE = Exercise(
    Function(
        "shift",
        inputs={"x": normal("n")},
        naive=entry_by_entry,
        cases=(Case("few", n=3), Case("many", n=40)),
        dtypes=(torch.float32,),
        layouts=(),
        budget=(Ops(2),),
    ),
    shipped="c1a2998ff9e7a4f2",
    fault="purity",
)
