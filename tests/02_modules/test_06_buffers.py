"""Grader of buffers: constants that are moved and saved with their module."""

import torch

from torchkata import (
    Case,
    EntryPoint,
    Function,
    Spec,
    _,
    normal,
    require,
    same,
    same_as_reference,
    uniform,
)
from torchkata.probes import registered_names


def built_on_cpu_and_moved(kata, mean, std, x):
    """Build the module on the CPU, move it to the device of x, and run forward."""
    return kata.Standardize(mean.cpu(), std.cpu()).to(x.device)(x)


def row_by_row(mean, std, x):
    rows = [(row - mean) / std for row in x.reshape(-1, len(mean))]
    return torch.stack(rows).reshape(x.shape) if rows else x.clone()


def shape_case(*shape):
    """Make the case of an x of this shape, with a mean and a std of its last size."""

    def draw(sizes, generator):
        mean, std = torch.randn(2, shape[-1], generator=generator, dtype=sizes.dtype)
        x = torch.randn(shape, generator=generator, dtype=sizes.dtype)
        return mean, std.abs() + 0.5, x

    return Case(f"x of shape {list(shape)}", given=draw)


SPEC = Spec(
    EntryPoint("Standardize"),
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
        ),
        gradient=("x",),
    ),
    stub_digest="507dacba28fbe1a2",
    broken_axis="device",
)


def structure(kata, mean, std):
    """Return the registered names, and the two tensors of the module."""
    net = kata.Standardize(mean, std)
    names, keys = registered_names(net)
    tensors = [net.mean.detach(), net.std.detach()]
    return {"parameters": names, "keys": keys, "tensors": tensors}


def left_behind(kata, mean, std):
    """Build the module on the CPU and move it; return the names of the tensors that stay."""
    net = kata.Standardize(mean.cpu(), std.cpu()).to(mean.device)
    return [name for name in ("mean", "std") if getattr(net, name).device != mean.device]


def after_loading(kata, mean, std, state, x):
    """Load another state; return forward's result, the caller's tensors, and the state."""
    net = kata.Standardize(mean, std)
    net.load_state_dict(state)
    return {"result": net(x).detach(), "caller's": [mean, std], "state": dict(net.state_dict())}


def in_double(kata, mean, std, x):
    return kata.Standardize(mean, std).double()(x.double()).detach()


def mean_std_and_x(generator, *shape):
    """Draw a mean and a std of the last size of `shape`, and an x of that shape."""
    mean, std = torch.randn(2, shape[-1], generator=generator)
    return mean, std.abs() + 0.5, torch.randn(shape, generator=generator)


def test_contract_names(submission, generator):
    """state_dict() has exactly the keys mean and std, and parameters() yields neither."""
    mean, std, _x = mean_std_and_x(generator, 3)
    got = submission.run(structure, mean, std)
    require(
        not got["parameters"],
        _(
            "net.parameters() yields {names}; expected nothing. The mean and the std are measured, "
            "not trained, so an optimizer must not change them.",
            names=", ".join(got["parameters"]),
        ),
    )
    require(
        got["keys"] == ["mean", "std"],
        _(
            "state_dict(): expected the keys ['mean', 'std'], got {keys}. Without them, a saved "
            "model does not know how its data was scaled.",
            keys=got["keys"],
        ),
    )
    same(got["tensors"], [mean, std], what=_("`[net.mean, net.std]`"))


def test_values_loaded_state(submission, reference, generator):
    """After load_state_dict, forward uses the loaded values."""
    mean, std, x = mean_std_and_x(generator, 6, 3)
    other_mean, other_std, _x = mean_std_and_x(generator, 3)
    state = {"mean": other_mean, "std": other_std}
    what = {
        "result": _("`net(x)` after load_state_dict"),
        "state": _("the state after load_state_dict"),
    }
    same_as_reference(submission, reference, after_loading, mean, std, state, x, what=what)


def test_dtype_double(submission, reference, generator):
    """After .double(), forward computes in float64."""
    arguments = mean_std_and_x(generator, 6, 3)
    what = _("`net.double()(x.double())`")
    same_as_reference(submission, reference, in_double, *arguments, what=what)


def test_purity_callers_tensors(submission, generator):
    """Loading a state does not modify the tensors that the caller passed."""
    mean, std, x = mean_std_and_x(generator, 6, 3)
    other_mean, other_std, _x = mean_std_and_x(generator, 3)
    state = {"mean": other_mean, "std": other_std}
    after = submission.run(after_loading, mean, std, state, x)["caller's"]
    require(
        [tensor.tolist() for tensor in after] == [mean.tolist(), std.tolist()],
        _(
            "load_state_dict changes the mean and std that were passed to Standardize, because "
            "the module holds the caller's tensors. Let it hold copies."
        ),
    )


def test_device_moves(submission, device, generator):
    """net.to(device) moves both tensors."""
    names = submission.run(left_behind, *mean_std_and_x(generator, 3)[:2], device=device)
    require(
        not names,
        _(
            "net.to('{device}') does not move {names}, so forward would fail on that device. A "
            "tensor in a plain attribute is not registered.",
            device=device,
            names=", ".join(names),
        ),
    )
