"""Probes for training steps, and the messages for training steps that go wrong."""

from __future__ import annotations

import textwrap
from pathlib import Path
from types import ModuleType

import pytest
import torch

from torchkata.course.catalogue import Course
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.probes import (
    TrainingRecorder,
    TwoLayers,
    called_functions,
    copying_calls,
    fill_stale_grads,
    impure_without_gradients,
    loss_gradients,
    views_of_one_memory,
    with_gradients,
)
from torchkata.result import State, Verdict
from torchkata.sandbox.launcher import Launcher

COURSE = Course(Path(__file__).resolve().parents[2])

STEP = """
import torch
from torch.nn.functional import mse_loss

def train_step(model, optimizer, loss_fn, x, y):
    {body}

def train(net, inputs, targets, steps, lr, amp):
    {body}

def grid(width, height):
    along, down = torch.arange(width) / width, torch.arange(height) / height
    return torch.stack(torch.meshgrid(along, down, indexing="xy"))

def checker(width, height, freq):
    row = torch.arange(height)[:, None] * freq // height
    return ((row + torch.arange(width) * freq // width) % 2).float()
"""

LOOP = """\
optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        with torch.autocast(inputs.device.type, enabled=amp):
            loss = mse_loss(net(inputs), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach(){more})
    return torch.stack(losses).tolist()
"""

FAULTS = {
    "an endless loop": (
        "autocast_step",
        "while True: optimizer.zero_grad()",
        State.TIMEOUT,
        ["no result within", "was running."],
    ),
    "an optimizer that does not step": (
        "autocast_step",
        """\
optimizer.zero_grad()
    with torch.autocast(x.device.type):
        loss = loss_fn(model(x), y)
    loss.backward()
    return loss.detach()""",
        State.FAILED,
        ["Expected 2 forward passes and 2 optimizer steps, got 2 and 0"],
    ),
    "an exhausted iterator of parameters": (
        "checkerboard",
        """\
parameters = net.parameters()
    count = len(list(parameters))
    optimizer = torch.optim.Adam(parameters, lr=lr)""",
        State.FAILED,
        ["ValueError (line", "optimizer got an empty parameter list"],
    ),
    "parameters without requires_grad": (
        "autocast_step",
        "model.requires_grad_(False)\n    loss = loss_fn(model(x), y)\n    loss.backward()",
        State.FAILED,
        ["RuntimeError (line", "does not require grad"],
    ),
    "a nan loss": (
        "checkerboard",
        LOOP.format(more=" * (torch.nan if inputs.dim() == 4 else 1)"),
        State.FAILED,
        ["the loss changes from nan to nan", "If a loss is nan"],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_training_step_has_a_plain_message(
    fault: str, launcher: Launcher, hasty: Launcher
):
    """The message names what goes wrong in the training step."""
    name, body, state, parts = FAULTS[fault]
    exercise = COURSE.one(name)
    source = STEP.format(body=textwrap.dedent(body)).encode()
    starter = hasty if state is State.TIMEOUT else launcher

    result = grade_one(
        exercise, Submission(source=source, file=exercise.stub_path.name), starter, Settings(seed=1)
    )

    assert result.state is state
    messages = [str(c.message) for c in result.checks if c.verdict is Verdict.FAILED]
    assert any(all(part in message for part in parts) for message in messages), messages


def test_the_same_loop_with_a_finite_loss_passes(launcher: Launcher):
    """The steps above are correct except for their fault."""
    exercise = COURSE.one("checkerboard")
    source = STEP.format(body=LOOP.format(more="")).encode()

    result = grade_one(
        exercise,
        Submission(source=source, file=exercise.stub_path.name),
        launcher,
        Settings(seed=1),
    )

    assert result.state is State.PASSED


def test_training_recorder_needs_parameters():
    """The error for a net without parameters says how to register them."""
    with pytest.raises(ValueError, match=r"Sequential has no parameters, .*torch\.nn\.Parameter"):
        TrainingRecorder(torch.nn.Sequential())


def test_training_recorder_records_steps_autocast_and_graphs():
    """Each property is recorded if it is present, and only then."""
    net = TwoLayers(torch.ones(2, 3), torch.ones(3, 1))
    recorder = TrainingRecorder(net, lr=0.1)
    x, y = torch.ones(4, 2), torch.zeros(4, 1)

    with torch.autocast("cpu"):
        inside = recorder.loss_fn(net(x), y)
    inside.backward()
    recorder.optimizer.step()
    outside = recorder.loss_fn(net(x), y)
    with torch.autocast("cpu"):
        outside.backward()
    for loss in (inside, inside.detach(), 3.0):
        recorder.record(loss)
    summary = recorder.summary()

    assert net.outputs == ["torch.bfloat16", "torch.float32"]
    assert summary["forward"] == [True, False]
    assert summary["backward"] == [False, True]
    assert summary["steps"] == 1
    assert summary["attached"] == [True, False, False]
    assert summary["devices"] == ["cpu", "cpu", "no device"]
    assert not summary["losses"][0].requires_grad
    assert summary["losses"][2] == 3.0


def test_fill_stale_grads_sets_all_gradients():
    """All parameters have gradients of 9 afterwards, and had none before."""
    net = TwoLayers(torch.ones(2, 3), torch.ones(3, 1))
    before = net.summary()["gradients"]

    fill_stale_grads(net)

    assert before == {"first": None, "last": None}
    assert all(bool((g == 9).all()) for g in net.summary()["gradients"].values())


def test_loss_gradients_agree_with_autograd():
    """The chain rule by hand agrees with PyTorch."""
    generator = torch.Generator().manual_seed(1)
    first, last, x, y = (
        torch.randn(size, generator=generator, dtype=torch.float64)
        for size in ((3, 5), (5, 2), (7, 3), (7, 2))
    )
    net = TwoLayers(first, last)
    loss = torch.nn.functional.mse_loss(net(x), y)
    loss.backward()

    by_hand, gradients = loss_gradients(first, last, x, y)

    torch.testing.assert_close(by_hand, loss.detach())
    torch.testing.assert_close(gradients, net.summary()["gradients"])


def module(**functions: object) -> ModuleType:
    """Return a module that takes the role of a submission."""
    submission = ModuleType("submission")
    vars(submission).update(functions)
    return submission


def test_with_gradients_returns_weighted_gradients():
    """The gradients are those of the requested positions; the caller's tensors are unchanged."""
    x, y, weights = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), torch.tensor([1.0, 10.0])
    kata = module(f=lambda x, y: x * y.detach())

    result, gradients = with_gradients(kata, "f", (x, y), (0, 1), weights)

    assert result.tolist() == [3.0, 8.0]
    assert not result.requires_grad
    assert gradients[0].tolist() == [3.0, 40.0]
    assert gradients[1] is None
    assert not x.requires_grad


@pytest.mark.parametrize("result", [3.0, None, torch.ones(2)])
def test_with_gradients_returns_none_without_a_graph(result: object):
    """A number, None, and a tensor without a graph have no gradient, and nothing is raised."""
    assert with_gradients(module(f=lambda _: result), "f", (torch.ones(2),))[1] == [None]


def test_called_functions_are_recorded():
    """Composite functions and methods are named; functions that are not called are not."""
    loss = torch.nn.functional.multilabel_soft_margin_loss
    kata = module(f=lambda x: loss(x.reshape(1, -1), x.reshape(1, -1)))

    names = called_functions(kata, "f", torch.rand(3))

    assert "multilabel_soft_margin_loss" in names
    assert "reshape" in names
    assert "softmax" not in names


def test_copying_calls_name_how_they_were_made():
    """A view is no copy; a copy under one mode alone is found."""
    kata = module(view=lambda x: x[1:], copy=lambda x: x[1:] if torch.is_grad_enabled() else x + 1)

    assert copying_calls(kata, "view", torch.rand(3)) == []
    assert copying_calls(kata, "copy", torch.rand(3)) == ["no_grad", "inference_mode"]


def test_faults_without_gradients_name_the_mode():
    """A fault under one mode alone is found, and a call that raises changes nothing."""
    known = torch.ones(3)
    kata = module(
        pure=lambda x, _flag: x + 1,
        kept=lambda x, _flag: x + 1 if torch.is_inference_mode_enabled() else known,
        raises=lambda x, _flag: torch.autograd.grad(x.sum(), x),
        zeroed=lambda x, _flag: (x.zero_() if torch.is_inference_mode_enabled() else x) + 0,
    )
    expected = {"pure": [], "kept": ["no_grad"], "raises": [], "zeroed": ["inference_mode"]}

    for name, modes in expected.items():
        assert impure_without_gradients(kata, name, torch.ones(3), 1) == modes


def test_views_of_one_memory_tell_a_view_that_is_kept():
    """A view that is kept by the address of its argument is wrong for the transpose."""
    known: dict[int, torch.Tensor] = {}
    kata = module(
        rows=lambda x, begin: x[begin:],
        kept=lambda x, begin: known.setdefault(x.data_ptr(), x[begin:]),
    )
    x = torch.rand(3, 3)

    for name, second in (("rows", x.T[1:]), ("kept", x[1:])):
        results = views_of_one_memory(kata, name, x, 1)
        assert all(map(torch.equal, results, (x[1:], second)))
