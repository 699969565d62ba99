"""Grader of mend_shift: faulty code, which has to fail on purity as shipped."""

import torch

from torchkata import Case, Spec, Function, Ops, normal


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
    stub_digest="c1a2998ff9e7a4f2",
    broken_axis="purity",
)
