"""Grader of mend_shift: a stub with a bug, which fails on purity."""

import torch

from torchkata import Case, Function, Ops, Spec, normal


def entry_by_entry(x):
    mean = sum(x.tolist()) / len(x)
    return torch.tensor([v - mean for v in x.tolist()], dtype=x.dtype)


SPEC = Spec(
    Function(
        "shift",
        inputs={"x": normal("n")},
        naive=entry_by_entry,
        cases=(Case("few", n=3), Case("many", n=40)),
        dtypes=(torch.float32,),
        layouts=(),
        budget=(Ops(2),),
    ),
    stub_digest="f8d2618fae3edcaa",
    broken_axis="purity",
)
