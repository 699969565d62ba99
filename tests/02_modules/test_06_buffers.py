"""Grader of buffers: constants that are moved and saved with their module."""

import torch

from torchkata import (
    Case,
    Function,
    Module,
    Spec,
    _,
    arguments,
    normal,
    same,
    same_as_reference,
    special,
    uniform,
)


def built_on_cpu_and_moved(kata, mean, std, x):
    """Build the module on the CPU, move it to the device of x, and run forward."""
    return kata.Standardize(mean.cpu(), std.cpu()).to(x.device)(x)


def row_by_row(mean, std, x):
    rows = [(row - mean) / std for row in x.reshape(-1, len(mean))]
    return torch.stack(rows).reshape(x.shape) if rows else x.clone()


MEAN, STD = torch.tensor([0.5, -2.0, 7.0]), torch.tensor([1.5, 0.7, 3.0])


def extreme_std(sizes, generator):
    """Draw standard deviations from 1e-6 to 1e6."""
    std = 10.0 ** torch.arange(-6, 7, 2, dtype=sizes.dtype)
    mean = torch.randn(7, generator=generator, dtype=sizes.dtype) * std
    return mean, std, torch.randn(5, 7, generator=generator, dtype=sizes.dtype) * std + mean


def shape_case(*shape):
    """Make the case of an x of this shape, with a mean and a std of its last size."""

    def draw(sizes, generator):
        mean, std = torch.randn(2, shape[-1], generator=generator, dtype=sizes.dtype)
        x = torch.randn(shape, generator=generator, dtype=sizes.dtype)
        return mean, std.abs() + 0.5, x

    return Case(f"x of shape {list(shape)}", given=draw, gradient=("x",))


SPEC = Spec(
    Module(
        "Standardize",
        arguments=((MEAN, STD),),
        buffers={"mean": (3,), "std": (3,)},
        x=(6, 3),
    ),
    Function(
        "net(x)",
        adapter=built_on_cpu_and_moved,
        inputs={"mean": normal("d"), "std": uniform("d", 0.5, 2), "x": normal("n d")},
        naive=row_by_row,
        cases=(
            shape_case(3),
            shape_case(1, 1),
            shape_case(0, 3),
            shape_case(4, 4),
            shape_case(2, 4, 5),
            Case("rows", n=7, d=3),
            Case("7,000 rows", n=7000, d=3),
            Case("std from 1e-6 to 1e6", given=extreme_std),
            Case(
                "nan and infinity",
                given=arguments(normal("3"), uniform("3", 0.5, 2), special("5 3")),
            ),
        ),
        gradient=("x",),
    ),
    stub_digest="2b46f9b714792531",
    broken_axis="device",
)
RULES = {
    "exactly the keys": "contract[registered names]",
    "yields nothing": "contract[registered names]",
}


def constants(kata, mean, std):
    net = kata.Standardize(mean, std)
    return [net.mean.detach(), net.std.detach()]


def in_double(kata, mean, std, x):
    return kata.Standardize(mean, std).double()(x.double()).detach()


def test_values_constants(submission):
    """net.mean and net.std are the tensors that were passed."""
    same(submission.run(constants, MEAN, STD), [MEAN, STD], what=_("`[net.mean, net.std]`"))


def test_dtype_double(submission, reference, generator):
    """After .double(), forward computes in float64."""
    x = torch.randn(6, 3, generator=generator)
    what = _("`net.double()(x.double())`")
    same_as_reference(submission, reference, in_double, MEAN, STD, x, what=what)
