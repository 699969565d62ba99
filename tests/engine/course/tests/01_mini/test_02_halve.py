"""Grader of halve: one op, no layouts and one dtype, so that grading is fast."""

import torch

from torchkata import Case, Function, Ops, Spec, normal


def entry_by_entry(x):
    return torch.tensor([float(v) / 2 for v in x], dtype=x.dtype)


SPEC = Spec(
    Function(
        "halve",
        inputs={"x": normal("n")},
        naive=entry_by_entry,
        cases=(Case("one", n=1), Case("many", n=20)),
        dtypes=(torch.float32,),
        layouts=(),
        budget=(Ops(1),),
    ),
    stub_digest="a936b7563ebec6d3",
)
