"""Grader of buffers: constants that move and are saved with their module."""

import torch

from torchkata import (
    Case,
    EntryPoint,
    Function,
    Spec,
    normal,
    require,
    same,
    same_as_reference,
    uniform,
)
from torchkata.probes import registered_names


def applied(kata, mean, std, x):
    """Build with tensors of the CPU, move to where x is, apply."""
    return kata.Standardize(mean.cpu(), std.cpu()).to(x.device)(x)


def row_by_row(mean, std, x):
    rows = [(row - mean) / std for row in x.reshape(-1, len(mean))]
    return torch.stack(rows).reshape(x.shape) if rows else x.clone()


def shaped(*shape):
    """The case of an x of this shape, and a mean and a std of its last size."""

    def drawn(sizes, generator):
        mean, std = torch.randn(2, shape[-1], generator=generator, dtype=sizes.dtype)
        x = torch.randn(shape, generator=generator, dtype=sizes.dtype)
        return mean, std.abs() + 0.5, x

    return Case(f"x of shape {list(shape)}", given=drawn)


SPEC = Spec(
    EntryPoint("Standardize"),
    Function(
        "net(x)",
        adapter=applied,
        inputs={"mean": normal("d"), "std": uniform("d", 0.5, 2), "x": normal("n d")},
        naive=row_by_row,
        cases=(
            shaped(3),
            shaped(1, 1),
            shaped(0, 3),
            shaped(4, 4),
            shaped(2, 4, 5),
            Case("rows", n=7, d=3),
        ),
        gradient=("x",),
    ),
    stub_digest="507dacba28fbe1a2",
    broken_axis="device",
)


def built(kata, mean, std):
    """The names of parameters and of the state, and the two tensors."""
    net = kata.Standardize(mean, std)
    return *registered_names(net), [net.mean.detach(), net.std.detach()]


def left(kata, mean, std):
    """Which of the two stay on the CPU, when a module that was built there is moved."""
    net = kata.Standardize(mean.cpu(), std.cpu()).to(mean.device)
    return [name for name in ("mean", "std") if getattr(net, name).device != mean.device]


def loaded(kata, mean, std, state, x):
    """Load another state; give forward, the caller's tensors, and the state after it."""
    net = kata.Standardize(mean, std)
    net.load_state_dict(state)
    return net(x).detach(), [mean, std], dict(net.state_dict())


def doubled(kata, mean, std, x):
    return kata.Standardize(mean, std).double()(x.double()).detach()


def drawn(generator, *shape):
    """A mean and a std of the last size of `shape`, and x."""
    mean, std = torch.randn(2, shape[-1], generator=generator)
    return mean, std.abs() + 0.5, torch.randn(shape, generator=generator)


def test_contract_names(submission, generator):
    """state_dict() has exactly mean and std, and parameters() yields neither."""
    mean, std, _ = drawn(generator, 3)
    parameters, keys, tensors = submission.run(built, mean, std)
    require(
        not parameters,
        f"net.parameters() yields {parameters}. They are measured, not learned: an optimizer must "
        "not see them.",
    )
    require(
        keys == ["mean", "std"],
        f"state_dict() has the keys {keys}; they have to be ['mean', 'std'], or a saved model "
        "forgets how its data were scaled.",
    )
    same(tensors, [mean, std], what="`[net.mean, net.std]`")


def test_values_loaded_state(submission, reference, generator):
    """After load_state_dict, forward computes with the loaded numbers."""
    (mean, std, x), (other, scale, _) = drawn(generator, 6, 3), drawn(generator, 3)
    given = mean, std, {"mean": other, "std": scale}, x
    what = {0: "`net(x)` after load_state_dict", 2: "the state after load_state_dict"}
    same_as_reference(submission, reference, loaded, *given, what=what)


def test_dtype_double(submission, reference, generator):
    """After .double() it computes in float64."""
    same_as_reference(
        submission, reference, doubled, *drawn(generator, 6, 3), what="`net.double()(x.double())`"
    )


def test_purity_callers_tensors(submission, generator):
    """Loading a state does not write into the tensors that the caller passed."""
    (mean, std, x), (other, scale, _) = drawn(generator, 6, 3), drawn(generator, 3)
    after = submission.run(loaded, mean, std, {"mean": other, "std": scale}, x)[1]
    require(
        [tensor.tolist() for tensor in after] == [mean.tolist(), std.tolist()],
        "load_state_dict has changed the mean and std that were passed to Standardize: the module "
        "holds the caller's tensors. Let it hold copies.",
    )


def test_device_moves(submission, device, generator):
    """Both tensors move by net.to(device)."""
    names = submission.run(left, *drawn(generator, 3)[:2], device=device)
    require(
        not names,
        f"net.to('{device}') leaves {' and '.join(names)} behind on the CPU, so forward would "
        "fail there. A tensor that is a mere attribute is nothing that a module knows of.",
    )
