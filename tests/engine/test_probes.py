"""The building blocks of graders' probes: each records what it should, and nothing else."""

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
    autocast_changes,
    compile_as_one_graph,
    compiled_graphs,
    count_and_peak_bytes,
    loader_output,
    loading,
    loss_gradients,
    module_changes,
    momentum_descent,
    recorded_tar_opens,
    samples_at,
    scripted_graphs,
    training_problem,
    uncompiled_reasons,
)

# PyTorch warns about its own deprecated functions when it first loads its compilers.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def _without_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the twin, because the compiler would query it for a stream, which it does not have.

    Registering is permanent, so it depends on the tests that this process ran before.
    """
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)


def test_samples_at_returns_samples_or_index_error():
    """Indices count from either end; an IndexError becomes text, another error is raised."""
    assert samples_at([5, 6, 7], (0, -1, 3, -4)) == [5, 7, "IndexError", "IndexError"]
    with pytest.raises(KeyError):
        samples_at({}, [0])


def test_opened_tar_archives_are_recorded(tmp_path: Path):
    """Archives opened by name or as a file object are recorded, until the block ends."""
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w"):
        pass

    with recorded_tar_opens() as opened, path.open("rb") as file:
        with tarfile.open(path), tarfile.open(fileobj=file):
            pass
        with pytest.raises(tarfile.ReadError):
            tarfile.open(fileobj=io.BytesIO(b"no archive")).close()
    with tarfile.open(path):
        pass

    assert opened == [str(path)] * 2


def test_peak_bytes_grow_with_the_items_that_are_kept():
    """Dropped items count once; all items that are kept count."""
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
    """Hangs in a worker process."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        if torch.utils.data.get_worker_info() is not None:
            time.sleep(99)
        return index


def test_timeout_is_shorter_after_a_loader_timed_out(monkeypatch: pytest.MonkeyPatch):
    """The first loader gets the whole timeout, later ones less; their processes end quickly."""
    monkeypatch.setattr(loading, "BATCH_TIMEOUT", 3)
    monkeypatch.setattr(loading, "_timed_out", [])
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


def test_compile_as_one_graph_returns_graph_and_result():
    """A function without graph breaks has one graph, and its result is returned."""
    compiled = compile_as_one_graph(lambda x: (x + 1).sum(), torch.ones(3))

    assert len(compiled["graphs"]) == 1
    assert not compiled["refused"]
    assert compiled["result"] == 6


def test_compile_as_one_graph_explains_a_refusal():
    """A data-dependent branch is explained in one line."""
    compiled = compile_as_one_graph(lambda x: x + 1 if x.sum() > 0 else x, torch.ones(3))

    assert compiled["graphs"] == []
    assert compiled["refused"].strip()
    assert "\n" not in compiled["refused"]


def test_compile_as_one_graph_raises_other_errors():
    """An error that is not the compiler's is raised."""
    with pytest.raises(TypeError):
        compile_as_one_graph(lambda x: x + 1)


def total(x: torch.Tensor) -> torch.Tensor:
    out = torch.zeros(())
    for i in range(x.shape[0]):
        out = out + x[i]
    return out


def test_called_scripts_are_recorded():
    """Each call of a script is recorded with its loops; plain functions are not recorded."""
    before = torch.jit.ScriptFunction.__call__
    script = torch.jit.script(total)
    with scripted_graphs() as unscripted:
        total(torch.ones(3))
    with scripted_graphs() as graphs:
        results = [script(torch.ones(n)) for n in (3, 4)]

    assert unscripted == []
    assert ["prim::Loop" in graph for graph in graphs] == [True, True]
    assert results == [3.0, 4.0]
    assert torch.jit.ScriptFunction.__call__ is before


def test_reasons_for_uncompiled_code_are_recorded():
    """A data-dependent loop has a reason, until the next `compiled_graphs` begins."""

    def data_dependent(x: torch.Tensor) -> torch.Tensor:
        for i in range(3):
            if x[i] > 0:
                x = x + 1
        return x

    with compiled_graphs():
        torch.compile(data_dependent)(torch.ones(3))
    reasons = uncompiled_reasons()
    with compiled_graphs():
        torch.compile(lambda x: x + 1)(torch.ones(3))

    assert any("Data-dependent" in why for why in reasons)
    assert uncompiled_reasons() == []


@pytest.mark.parametrize(
    ("inside", "outside", "produced"),
    [
        (lambda x: x * 3, lambda y: y, True),
        (lambda x: torch.cat([x * 3, x]), lambda y: y[:4], True),
        (lambda x: x + 0, lambda y: y * 3, False),
    ],
)
def test_dataflow_recorder_finds_numbers_of_the_program(
    inside: Callable[[Any], Any], outside: Callable[[Any], Any], produced: object
):
    """Numbers computed in the program are found, even among padding; others are not."""
    recorder, x = DataflowRecorder(), torch.tensor([1.0, 2.0, 5.0, 7.0])

    with compiled_graphs(recorder.wrap):
        result = outside(torch.compile(inside)(x))

    assert recorder.produced(result) == produced
    recorder.clear()
    assert not recorder.produced(result)


def test_dataflow_recorder_gives_no_credit_for_inputs():
    """A program that only returns its input did not produce it."""
    recorder, x = DataflowRecorder(), torch.tensor([1.0, 2.0])

    with compiled_graphs(recorder.wrap):
        torch.compile(lambda y: y + 0)(x * 3)

    assert not recorder.produced(x * 3)


def leaves_on() -> None:
    torch.set_autocast_enabled(device_type="cpu", enabled=True)


def leaves_float16() -> None:
    torch.set_autocast_dtype("cpu", torch.float16)


def leaves_cache_off() -> None:
    torch.set_autocast_cache_enabled(False)


def leaves_cuda_on() -> None:
    torch.set_autocast_enabled(device_type="cuda", enabled=True)


@pytest.mark.parametrize(
    ("call", "change"),
    [
        (leaves_on, "autocast is on: False before, True after"),
        (leaves_float16, "the low precision: torch.bfloat16 before, torch.float16 after"),
        (leaves_cache_off, "the cache of cast weights is on: True before, False after"),
        (leaves_cuda_on, "autocast of cuda is on: False before, True after"),
    ],
)
def test_changed_settings_of_autocast_are_named_and_restored(call: Callable[[], None], change: str):
    """Each setting that a call leaves changed is named, and restored."""
    for _ in range(2):
        with autocast_changes("cpu") as changes:
            call()
        assert changes == [change]


def test_autocast_settings_apply_inside_the_block_only():
    """The requested dtype and state apply in the block, and not after it."""
    with autocast_changes("cpu", "float16", outer=True) as changes:
        inside = (torch.ones(2, 2) @ torch.ones(2, 2)).dtype

    assert inside is torch.float16
    assert changes == []
    assert torch.get_autocast_dtype("cpu") is torch.bfloat16
    assert not torch.is_autocast_enabled("cpu")


def test_settings_are_restored_after_an_error():
    """Otherwise they would apply to the next probe in the same worker."""
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
    """The change that was made is named, and no other."""
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    net(torch.ones(1, 2)).sum().backward()
    net[0].bias.grad.fill_(1)

    with module_changes(net) as changed:
        change(net)

    kinds = ("values", "grad", "requires_grad", "mode", "hooks")
    assert changed == {kind: [] for kind in kinds} | {what: names}


@pytest.mark.parametrize("max_norm", [0.25, 1000.0])
def test_momentum_descent_agrees_with_torch(max_norm: float):
    """The formulas have the results of torch.optim.SGD, with and without clipping."""
    first, last, x, y = training_problem(torch.Generator().manual_seed(1))
    weights = [nn.Parameter(first.clone()), nn.Parameter(last.clone())]
    optimizer = torch.optim.SGD(weights, lr=0.1, momentum=0.9)

    run = momentum_descent(first, last, x, y, 4, lr=0.1, momentum=0.9, max_norm=max_norm)

    losses = trained(weights, optimizer, x, y, 4, max_norm)
    torch.testing.assert_close(run["losses"], losses)
    torch.testing.assert_close(run["parameters"], named(weights), rtol=1e-4, atol=1e-5)


def test_adam_descent_agrees_with_torch():
    """The formulas have the results of torch.optim.Adam."""
    first, last, x, y = training_problem(torch.Generator().manual_seed(2), 5, 2, 3, 1)
    weights = [nn.Parameter(first.clone()), nn.Parameter(last.clone())]
    optimizer = torch.optim.Adam(weights, lr=0.05)

    run = adam_descent(first, last, x, y, 4, lr=0.05)

    losses = trained(weights, optimizer, x, y, 4, torch.inf)
    torch.testing.assert_close(run["losses"], losses)
    torch.testing.assert_close(run["parameters"], named(weights), rtol=1e-4, atol=1e-5)


def test_clipping_zero_gradients_does_not_divide_by_zero():
    """At the minimum, the parameters stay as they are."""
    first, last, x = torch.ones(2, 3), torch.zeros(3, 1), torch.ones(4, 2)

    run = momentum_descent(first, last, x, torch.zeros(4, 1), 2, lr=0.1, momentum=0.9, max_norm=1)

    assert run["losses"] == [0.0, 0.0]
    assert bool((run["parameters"]["first"] == 1).all())


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


def test_training_problem_has_the_documented_shapes():
    """The shapes fit the net, and the same seed gives the same tensors."""
    one, again = (training_problem(torch.Generator().manual_seed(3), 5, 2, 4, 1) for _ in range(2))

    assert [list(t.shape) for t in one] == [[2, 4], [4, 1], [5, 2], [5, 1]]
    assert all(map(torch.equal, one, again))
    assert loss_gradients(*one)[0].dim() == 0
