"""Pieces of graders' probes: each hears what it is for, and nothing where there is nothing."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from torchkata.probes import (
    DataflowRecorder,
    adam_descent,
    compiled_graphs,
    loader_output,
    uncompiled_reasons,
    compile_as_one_graph,
    samples_at,
    loading,
    momentum_descent,
    count_and_peak_bytes,
    recorded_tar_opens,
    training_problem,
    scripted_graphs,
    autocast_changes,
    module_changes,
)
from torchkata.probes.descent import loss_gradients

# PyTorch warns of its own old functions when it first loads its compilers.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def _without_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler asks the accelerator for its stream; a registered twin has none of its own.

    Registering is for good, so whether it is depends on the tests that this process ran before.
    """
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)


def test_samples_by_index():
    """From either end, and in words past it; another error is passed on."""
    assert samples_at([5, 6, 7], (0, -1, 3, -4)) == [5, 7, "IndexError", "IndexError"]
    with pytest.raises(KeyError):
        samples_at({}, [0])


def test_archives_that_are_opened_are_heard(tmp_path: Path):
    """By name or through a file that lies open, not those that are missing; and none afterwards."""
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w"):
        pass

    with recorded_tar_opens() as heard, path.open("rb") as file:
        with tarfile.open(path), tarfile.open(fileobj=file):
            pass
        with pytest.raises(tarfile.ReadError):
            tarfile.open(fileobj=io.BytesIO(b"no archive")).close()
    with tarfile.open(path):
        pass

    assert heard == [str(path)] * 2


def test_memory_that_is_held_is_seen():
    """Items that are dropped count once, items that are kept count all."""
    size = 1 << 20

    def dropping() -> Iterator[bytes]:
        yield from (bytes(size) for _ in range(5))

    def keeping() -> Iterator[bytes]:
        yield from [bytes(size) for _ in range(5)]

    (few, least), (many, most) = count_and_peak_bytes(dropping()), count_and_peak_bytes(keeping())

    assert few == many == 5
    assert least < 3 * size
    assert most >= 5 * size


class Hanging(torch.utils.data.Dataset[int]):
    """Gives nothing in a worker process."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        if torch.utils.data.get_worker_info() is not None:
            time.sleep(99)
        return index


def test_a_loader_that_hung_is_not_waited_for_as_long_again(monkeypatch: pytest.MonkeyPatch):
    """The first time gets all the seconds, the next ones fewer; nor do its processes linger."""
    monkeypatch.setattr(loading, "LIMIT", 3)
    monkeypatch.setattr(loading, "_hung", [])
    monkeypatch.setattr(torch.utils.data._utils, "MP_STATUS_CHECK_INTERVAL", 5.0)
    start = time.monotonic()

    errors = [loader_output(Hanging(), num_workers=1)["error"] for _ in range(3)]

    assert [error.rpartition("after ")[2] for error in errors] == [
        "3 seconds",
        "1 seconds",
        "1 seconds",
    ]
    assert time.monotonic() - start < 3 * 5
    assert loader_output(Hanging(), num_workers=0)["passes"] == [[0, 1, 2, 3]]


def test_one_graph_is_recorded():
    """The names of its operations, and what it computes."""
    found = compile_as_one_graph(lambda x: (x + 1).sum(), torch.ones(3))

    assert len(found["graphs"]) == 1
    assert not found["refused"]
    assert found["result"] == 6


def test_a_refusal_is_told():
    """A question to the data is explained in one line."""
    found = compile_as_one_graph(lambda x: x + 1 if x.sum() > 0 else x, torch.ones(3))

    assert found["graphs"] == []
    assert found["refused"].strip()
    assert "\n" not in found["refused"]


def test_other_errors_are_not_the_compilers():
    """What is no refusal to compile is passed on."""
    with pytest.raises(TypeError):
        compile_as_one_graph(lambda x: x + 1)


def total(x: torch.Tensor) -> torch.Tensor:
    out = torch.zeros(())
    for i in range(x.shape[0]):
        out = out + x[i]
    return out


def test_scripts_are_heard_when_they_are_called():
    """With the loops in them, each time; plain functions are not; nothing is left behind."""
    before = torch.jit.ScriptFunction.__call__
    script = torch.jit.script(total)
    with scripted_graphs() as unheard:
        total(torch.ones(3))
    with scripted_graphs() as heard:
        results = [script(torch.ones(n)) for n in (3, 4)]

    assert unheard == []
    assert ["prim::Loop" in graph for graph in heard] == [True, True]
    assert results == [3.0, 4.0]
    assert torch.jit.ScriptFunction.__call__ is before


def test_what_the_compiler_gives_up_is_heard():
    """A loop that asks the data; and forgotten at the next `compiling`."""

    def asking(x: torch.Tensor) -> torch.Tensor:
        for i in range(3):
            if x[i] > 0:
                x = x + 1
        return x

    with compiled_graphs():
        torch.compile(asking)(torch.ones(3))
    asked = uncompiled_reasons()
    with compiled_graphs():
        torch.compile(lambda x: x + 1)(torch.ones(3))

    assert any("Data-dependent" in why for why in asked)
    assert uncompiled_reasons() == []


@pytest.mark.parametrize(
    ("inside", "outside", "held"),
    [
        (lambda x: x * 3, lambda y: y, True),
        (lambda x: torch.cat([x * 3, x]), lambda y: y[:4], True),
        (lambda x: x + 0, lambda y: y * 3, False),
    ],
)
def test_flow_knows_where_numbers_were_made(
    inside: Callable[[Any], Any], outside: Callable[[Any], Any], held: object
):
    """In the program, padded too, or outside of it."""
    flow, x = DataflowRecorder(), torch.tensor([1.0, 2.0, 5.0, 7.0])

    with compiled_graphs(flow.wrap):
        result = outside(torch.compile(inside)(x))

    assert flow.produced(result) == held
    flow.clear()
    assert not flow.produced(result)


def test_flow_does_not_credit_what_was_handed_in():
    """A program that only passes a product on has not made it."""
    flow, x = DataflowRecorder(), torch.tensor([1.0, 2.0])

    with compiled_graphs(flow.wrap):
        torch.compile(lambda y: y + 0)(x * 3)

    assert not flow.produced(x * 3)


def leaves_on() -> None:
    torch.set_autocast_enabled(device_type="cpu", enabled=True)


def leaves_float16() -> None:
    torch.set_autocast_dtype("cpu", torch.float16)


def leaves_cache_off() -> None:
    torch.set_autocast_cache_enabled(False)


def leaves_cuda_on() -> None:
    torch.set_autocast_enabled(device_type="cuda", enabled=True)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (leaves_on, "autocast is on: False before, True after"),
        (leaves_float16, "the low precision: torch.bfloat16 before, torch.float16 after"),
        (leaves_cache_off, "the cache of cast weights is on: True before, False after"),
        (leaves_cuda_on, "autocast of cuda is on: False before, True after"),
    ],
)
def test_settings_of_autocast_are_watched(call: Callable[[], None], told: str):
    """Each that is left changed is named, and put back."""
    for _ in range(2):
        with autocast_changes("cpu") as left:
            call()
        assert left == [told]


def test_autocast_around_a_call():
    """The low precision and the state that are asked for hold in the block, and not after it."""
    with autocast_changes("cpu", "float16", outer=True) as left:
        inside = (torch.ones(2, 2) @ torch.ones(2, 2)).dtype

    assert inside is torch.float16
    assert left == []
    assert torch.get_autocast_dtype("cpu") is torch.bfloat16
    assert not torch.is_autocast_enabled("cpu")


def test_settings_are_put_back_after_an_error():
    """Else the next probe of the same worker would be judged under them."""
    with pytest.raises(LookupError), autocast_changes("cpu", "float16"):
        leaves_on()
        raise LookupError

    assert not torch.is_autocast_enabled("cpu")
    assert torch.get_autocast_dtype("cpu") is torch.bfloat16


@pytest.mark.parametrize(
    ("what", "names", "change"),
    [
        ("values", ["0.weight"], lambda net: net[0].weight.data.add_(1)),
        ("grad", ["1.bias"], lambda net: setattr(net[1].bias, "grad", None)),
        ("grad", ["0.bias"], lambda net: net[0].bias.grad.mul_(2)),
        (
            "requires_grad",
            ["1.weight"],
            lambda net: net[1].weight.requires_grad_(requires_grad=False),
        ),
        ("mode", ["0"], lambda net: net[0].eval()),
        ("hooks", ["1"], lambda net: net[1].register_forward_hook(print)),
    ],
)
def test_changes_of_a_module_are_named(
    what: str, names: list[str], change: Callable[[nn.Sequential], object]
):
    """The one that is made, and no other."""
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    net(torch.ones(1, 2)).sum().backward()
    net[0].bias.grad.fill_(1)

    with module_changes(net) as changed:
        change(net)

    kinds = ("values", "grad", "requires_grad", "mode", "hooks")
    assert changed == {kind: [] for kind in kinds} | {what: names}


@pytest.mark.parametrize("max_norm", [0.25, 1000.0])
def test_descent_with_momentum_is_torchs(max_norm: float):
    """By the formulas, clipped and not."""
    first, last, x, y = training_problem(torch.Generator().manual_seed(1))
    weights = [nn.Parameter(first.clone()), nn.Parameter(last.clone())]
    optimizer = torch.optim.SGD(weights, lr=0.1, momentum=0.9)

    found = momentum_descent(first, last, x, y, 4, lr=0.1, momentum=0.9, max_norm=max_norm)

    losses = trained(weights, optimizer, x, y, 4, max_norm)
    torch.testing.assert_close(found["losses"], losses)
    torch.testing.assert_close(found["parameters"], named(weights), rtol=1e-4, atol=1e-5)


def test_descent_by_adam_is_torchs():
    """By the formulas."""
    first, last, x, y = training_problem(torch.Generator().manual_seed(2), 5, 2, 3, 1)
    weights = [nn.Parameter(first.clone()), nn.Parameter(last.clone())]
    optimizer = torch.optim.Adam(weights, lr=0.05)

    found = adam_descent(first, last, x, y, 4, lr=0.05)

    losses = trained(weights, optimizer, x, y, 4, torch.inf)
    torch.testing.assert_close(found["losses"], losses)
    torch.testing.assert_close(found["parameters"], named(weights), rtol=1e-4, atol=1e-5)


def test_descent_at_the_bottom_stays():
    """Gradients of 0 are clipped without a division by their norm."""
    first, last, x = torch.ones(2, 3), torch.zeros(3, 1), torch.ones(4, 2)

    found = momentum_descent(first, last, x, torch.zeros(4, 1), 2, lr=0.1, momentum=0.9, max_norm=1)

    assert found["losses"] == [0.0, 0.0]
    assert bool((found["parameters"]["first"] == 1).all())


def trained(
    weights: list[nn.Parameter],
    optimizer: torch.optim.Optimizer,
    x: torch.Tensor,
    y: torch.Tensor,
    steps: int,
    max_norm: float,
) -> list[torch.Tensor]:
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(torch.tanh(x @ weights[0]) @ weights[1], y)
        loss.backward()
        nn.utils.clip_grad_norm_(weights, max_norm)
        optimizer.step()
        losses.append(loss.detach())
    return losses


def named(weights: list[nn.Parameter]) -> dict[str, torch.Tensor]:
    return {name: weight.detach() for name, weight in zip(("first", "last"), weights, strict=True)}


def test_a_problem_fits_the_net():
    """Shapes as documented; the same generator gives the same one."""
    one, again = (training_problem(torch.Generator().manual_seed(3), 5, 2, 4, 1) for _ in range(2))

    assert [list(t.shape) for t in one] == [[2, 4], [4, 1], [5, 2], [5, 1]]
    assert all(map(torch.equal, one, again))
    assert loss_gradients(*one)[0].dim() == 0
