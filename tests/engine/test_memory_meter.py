"""The memory meter, compared with numbers that are known by arithmetic."""

from __future__ import annotations

import copy
import gc
import json
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from torchkata.worker.meters.memory import MemoryMeter, MemoryUse
from torchkata.worker.meters.ops import OpMeter

if TYPE_CHECKING:
    from collections.abc import Callable

MB4 = 4_000_000  # one float32 [1000, 1000]
T = torch.randn(1000, 1000)
V = torch.randn(1000)
weight = torch.ones(1000, 1000, requires_grad=True)


def metered(work: Callable[[], object], inputs: object = ()) -> MemoryUse:
    """Return the memory that a call uses."""
    with MemoryMeter(inputs) as meter:
        result = work()
    del result
    return meter.use


def submission(source: str) -> Any:
    """Compile code like the worker compiles a submission, and return its `work`."""
    names: dict[str, Any] = {"torch": torch}
    exec(compile(source, "submission:test.py", "exec"), names)
    return names["work"]


def clone_then_in_place() -> torch.Tensor:
    return T.clone().add_(1).mul_(2)


def hand_written_softmax() -> torch.Tensor:
    e = torch.exp(T - T.max(1, keepdim=True).values)
    return e / e.sum(1, keepdim=True)


def backward() -> None:
    weight.grad = None
    (T * weight).exp().sum().backward()
    weight.grad = None


def forward_only() -> torch.Tensor:
    return (T * weight).exp().sum()


def freed_half_way() -> torch.Tensor:
    first = T + 1
    total = first.sum()
    del first
    return (T + total).sum()


def kept_to_the_end() -> torch.Tensor:
    first = T + 1
    return (T + first.sum()).sum()


def grown() -> torch.Tensor:
    return torch.zeros(10).resize_(1000, 1000)


def grown_storage() -> torch.Tensor:
    out = torch.zeros(10)
    out.untyped_storage().resize_(MB4)
    return out


def released_storage() -> torch.Tensor:
    first = T + 1
    first.untyped_storage().resize_(0)
    first.view(-1)
    return T + 1


def replaced_storage() -> torch.Tensor:
    out = torch.zeros(1000, 1000)
    out.set_(torch.zeros(10))
    return T + 1


def in_thread() -> None:
    thread = threading.Thread(target=lambda: (T + 1) * 2)
    thread.start()
    thread.join()


@torch.inference_mode()
def inferring() -> torch.Tensor:
    return torch.linalg.multi_dot([T, T, T])


CASES = {  # name -> work, peak, total, held
    "two steps": (lambda: (T + 1) * 2, 2 * MB4, 2 * MB4, MB4),
    "clone, then in place": (clone_then_in_place, MB4, MB4, MB4),
    "views": (lambda: (T.view(-1), T.t(), V.expand(9, 1000), T.unbind()), 0, 0, 0),
    "a read-only sum": (T.sum, 4, 4, 4),
    "in place on the input": (lambda: V.add_(0), 0, 0, 0),
    "cat of two": (lambda: torch.cat([T, T]), 2 * MB4, 2 * MB4, 2 * MB4),
    "resize_": (grown, MB4, MB4, MB4),
    "a storage's resize_": (grown_storage, MB4, MB4, MB4),
    "a storage resized to nothing": (released_storage, MB4, 2 * MB4, MB4),
    "set_ frees the old storage": (replaced_storage, MB4 + 40, 2 * MB4 + 40, MB4),
    "out=": (lambda: torch.add(T, 1, out=torch.empty(0)), MB4, MB4, MB4),
    "softmax": (lambda: T.softmax(1), MB4, MB4, MB4),
    # maxima and their indices: 4,000 + 8,000; the difference is freed before the quotient exists
    "softmax by hand": (hand_written_softmax, 2 * MB4 + 4000, 3 * MB4 + 16_000, MB4),
    "forward": (forward_only, 2 * MB4, 2 * MB4 + 4, MB4 + 4),
    "backward": (backward, 2 * MB4 + 8, 4 * MB4 + 8, 0),
    "outer difference": (
        lambda: (V[:, None] - V).square().sum(),
        2 * MB4,
        2 * MB4 + 4,
        4,
    ),
    "matmul": (lambda: T @ T, MB4, MB4, MB4),
    "einsum": (lambda: torch.einsum("ij,jk->ik", T, T), MB4, MB4, MB4),
    "sort, without its scratch memory": (T.sort, 3 * MB4, 3 * MB4, 3 * MB4),
    "freed half-way": (freed_half_way, MB4 + 8, 2 * MB4 + 8, 4),
    "kept to the end": (kept_to_the_end, 2 * MB4 + 4, 2 * MB4 + 8, 4),
    "tensor of a list": (lambda: torch.tensor([1.0] * 1000), 4000, 4000, 4000),
    "a new array": (lambda: torch.from_numpy(np.zeros(1000, np.float32)), 4000, 4000, 4000),
    "without NumPy's temporary": (
        lambda: torch.from_numpy((T.numpy() + 1) * 2),
        MB4,
        MB4,
        MB4,
    ),
    "to NumPy and back": (lambda: torch.from_numpy(T.numpy()), 0, 0, 0),
    "deepcopy, through a scalar": (lambda: copy.deepcopy(T), MB4 + 4, MB4 + 4, MB4),
    "an intermediate of inference mode": (inferring, 2 * MB4, 2 * MB4, MB4),
    "in a thread": (in_thread, 2 * MB4, 2 * MB4, 0),
    "nothing": (lambda: None, 0, 0, 0),
    "on meta": (lambda: torch.empty(1000, device="meta") + 1, 0, 0, 0),
    "sparse": (lambda: torch.eye(10).to_sparse().to_dense(), 600, 1000, 400),
    "without a storage": (lambda: torch.eye(10).to_mkldnn().detach().to_dense(), 800, 1200, 400),
}


@pytest.mark.parametrize("name", CASES)
def test_known_sizes(name):
    """Each function uses the bytes that arithmetic predicts, three times in a row."""
    work, peak, total, held = CASES[name]

    uses = [metered(work, T) for _ in range(3)]

    assert uses[0] == uses[1] == uses[2]
    assert (uses[0].peak_bytes, uses[0].total_bytes, uses[0].held_bytes) == (peak, total, held)
    assert sum(uses[0].lines.values()) == peak


def test_saved_activations_are_held_until_the_graph_is_freed():
    """Tensors that autograd saves for the backward pass count until the graph is freed."""
    with MemoryMeter(weight) as meter:
        loss = (weight * 2).exp().sum()
        held = meter.use.held_bytes
        del loss

    assert held == MB4 + 4
    assert meter.use.held_bytes == 0


def test_peak_is_attributed_to_lines():
    """The bytes alive at the peak are attributed to the lines that allocated them."""
    work = submission(
        "def work(x):\n"
        "    a = x + 1\n"
        "    b = a[:10] * 2\n"
        "    del a\n"
        "    c = torch.cat([x, x])\n"
        "    return b.sum() + c.sum()\n"
    )

    use = metered(lambda: work(T), T)

    assert use.lines == {3: 40_000, 5: 2 * MB4, 6: 12}
    assert use.makers == {"cat": {5: 2 * MB4}, "mul": {3: 40_000}, "sum": {6: 8}, "add": {6: 4}}
    assert use.allocated["add"] == {2: MB4, 6: 4}
    assert str(use.describe()) == "line 5: cat allocated 7.6 MiB; line 3: mul allocated 39.1 KiB"
    assert str(use.without_lines().describe(1)) == "cat allocated 7.6 MiB"


def test_use_can_be_read_while_the_meter_is_on():
    """The use can be read while the meter is on, and is final once it is off."""
    with MemoryMeter() as meter:
        first = torch.zeros(1000)
        assert meter.use.held_bytes == 4000
        del first
        assert meter.use.held_bytes == 0
        second = torch.zeros(10)
    second.resize_(1000)
    del second

    assert (meter.use.peak_bytes, meter.use.held_bytes) == (4000, 40)


def test_inputs_do_not_count_until_they_grow():
    """Inputs cost nothing, whatever tree holds them, until they grow."""
    array = np.zeros(1000, np.float32)
    layer = torch.nn.Linear(10, 10)
    layer.weight.grad = torch.zeros(10, 10)
    buffer = torch.zeros(10)

    def work() -> None:
        torch.from_numpy(array)
        torch.from_numpy(array[10:])
        layer.weight.grad.add_(1)
        torch.empty(0).set_(T.untyped_storage())
        buffer.resize_(1000)

    use = metered(work, {"arrays": [array], "module": layer, "tensors": (T, buffer)})

    assert (use.peak_bytes, use.held_bytes) == (3960, 3960)


def test_a_freed_input_gives_no_credit():
    """A freed input is not subtracted, and memory that reuses its address counts."""
    owned = [torch.zeros(1000)]

    def work() -> list[torch.Tensor]:
        owned.clear()
        return [torch.zeros(1000) for _ in range(5)]

    assert metered(work, owned).peak_bytes == 20_000


def test_older_tensors_of_a_closure_do_not_count():
    """A tensor that existed before is recognized as older, although it is not an input."""
    assert metered(lambda: T.add_(0)).peak_bytes == 0


def kept(work: Callable[[], object], inputs: object = ()) -> MemoryUse:
    with MemoryMeter(inputs, kept=True) as meter:
        work()
    return meter.use


def test_kept_workspace_counts_once_it_is_written_to():
    """Older memory counts from its first write on, once, and completely."""
    workspace = torch.empty(2000)
    array = torch.from_numpy(np.empty(1000, dtype=np.float32))

    assert kept(workspace[:10].sum).peak_bytes == 4  # only read
    assert kept(lambda: torch.add(V, 1, out=workspace[:1000])).peak_bytes == 8000
    assert kept(lambda: (workspace.zero_(), workspace[5:9].add_(1))).total_bytes == 8000
    assert kept(array.zero_).peak_bytes == 4000
    assert kept(lambda: torch.frombuffer(bytearray(4000), dtype=torch.float32).zero_()).peak_bytes
    assert metered(workspace.zero_).peak_bytes == 0, "only with kept=True"


def test_inputs_are_no_kept_workspace():
    """Writing to an argument costs no memory; the purity check judges it."""
    array = np.zeros(1000, dtype=np.float32)

    assert kept(lambda: V.mul_(1), (V,)).peak_bytes == 0
    assert kept(lambda: V[:9].mul_(1), (V,)).peak_bytes == 0
    assert kept(lambda: torch.from_numpy(array).add_(1), (array,)).peak_bytes == 0


def test_reference_cycles_are_held_equally_each_time():
    """Garbage in a reference cycle stays, because the collector is off until the meter is off."""

    def work() -> None:
        for _round in range(100):
            loop: list[Any] = [torch.zeros(1000)]
            loop.append(loop)

    assert gc.isenabled()
    assert {metered(work).peak_bytes for _ in range(3)} == {400_000}
    assert gc.isenabled()


def test_storages_at_the_same_address_are_distinguished():
    """Storages that reuse an address count separately."""

    def work() -> None:
        for size in range(1, 200):
            torch.zeros(size)

    use = metered(work)

    assert (use.peak_bytes, use.total_bytes, use.held_bytes) == (4 * 199, 4 * 199 * 100, 0)


def test_concurrent_threads_lose_no_bytes():
    """Threads that allocate at the same time do not disturb the sums."""

    def work() -> None:
        threads = [
            threading.Thread(target=lambda: [torch.zeros(10) for _ in range(200)]) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    use = metered(work)

    assert (use.total_bytes, use.held_bytes) == (8 * 200 * 40, 0)


@pytest.mark.parametrize("first", [OpMeter, MemoryMeter])
def test_nested_with_an_op_meter(first):
    """Neither meter changes the other's result, whichever is entered first."""
    second = MemoryMeter if first is OpMeter else OpMeter
    with first() as outer, second() as inner:
        hand_written_softmax()
    ops, memory = (outer, inner) if first is OpMeter else (inner, outer)

    assert memory.use.peak_bytes == 2 * MB4 + 4000
    assert ops.count.ops == {"max": 1, "sub": 1, "exp": 1, "sum": 1, "div": 1}
    assert ops.count.conversions == {}


def test_nested_memory_meters():
    """An inner meter counts only its own part; earlier memory is older to it."""
    with MemoryMeter() as outer:
        first = torch.zeros(1000)
        with MemoryMeter() as inner:
            second = first + 1

    assert second.sum() == 1000
    assert (outer.use.peak_bytes, inner.use.peak_bytes) == (8000, 4000)


def test_an_exception_ends_the_meter():
    """After an exception, the result is available and the garbage collector is on again."""
    with pytest.raises(ZeroDivisionError), MemoryMeter() as meter:
        kept = torch.zeros(1000)
        raise ZeroDivisionError

    assert meter.use.held_bytes == kept.nbytes
    assert gc.isenabled()


def test_use_survives_json():
    """A use that is written to JSON and read back is equal."""
    use = metered(hand_written_softmax)

    assert MemoryUse.from_json(json.loads(json.dumps(use.to_json()))) == use


MADE = {"add": {"0": 3}, "mul": {"7": 5}}
GOOD = {"peak_bytes": 8, "total_bytes": 12, "held_bytes": 4, "makers": MADE}
GOOD["allocated"] = {"add": {"0": 3}, "mul": {"7": 9}}

BAD = [
    None,
    {},
    {**GOOD, "more": 1},
    {**GOOD, "peak_bytes": 13},
    {**GOOD, "held_bytes": 9},
    {**GOOD, "held_bytes": -1},
    {**GOOD, "held_bytes": 4.0},
    {**GOOD, "held_bytes": True},
    {**GOOD, "total_bytes": 2**53},
    {**GOOD, "total_bytes": float("nan")},
    {**GOOD, "makers": {"add": {"0": 3}}},
    {**GOOD, "makers": {"add": {"0": 3, "07": 5}}},
    {**GOOD, "makers": {"add": {"0": 3, "x": 5}}},
    {**GOOD, "makers": {"": {"0": 8}}},
    {**GOOD, "makers": {"add": [8]}},
    {**GOOD, "makers": [8]},
    {**GOOD, "allocated": MADE},
]


@pytest.mark.parametrize("data", BAD, ids=str)
def test_malformed_uses_raise(data):
    """Data that are malformed or contradict each other raise ValueError."""
    assert MemoryUse.from_json(GOOD).lines == {0: 3, 7: 5}

    with pytest.raises(ValueError, match=r"\w"):
        MemoryUse.from_json(data)


LEAF = st.one_of(st.none(), st.booleans(), st.integers(-2, 9), st.floats(), st.text(max_size=3))
TREE = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LEAF, inner, max_size=3),
    max_leaves=8,
)
SIZE = st.integers(0, 2) | LEAF
LINES = st.dictionaries(st.sampled_from(["0", "7", "07", "x"]), SIZE, max_size=2)
MAKERS = st.dictionaries(st.sampled_from(["add", "mul", ""]), LINES, max_size=2) | TREE
SIZES = {"peak_bytes": SIZE, "total_bytes": SIZE, "held_bytes": SIZE}
USES = st.fixed_dictionaries({**SIZES, "makers": MAKERS, "allocated": MAKERS})


@given(TREE | USES)
def test_any_data_is_a_valid_use_or_raises(data):
    """Arbitrary data become a use that can be written again, or raise ValueError."""
    try:
        use = MemoryUse.from_json(data)
    except ValueError:
        return
    assert MemoryUse.from_json(use.to_json()) == use


def test_a_storage_released_at_the_end_holds_nothing():
    """A storage that was resized to 0 bytes holds nothing, although no op used it since."""
    with MemoryMeter() as meter:
        out = torch.zeros(1000)
        out.untyped_storage().resize_(0)

    assert (meter.use.peak_bytes, meter.use.held_bytes) == (4000, 0)


def test_an_input_that_shrinks_gives_no_credit():
    """An input that is resized to 0 bytes does not offset later allocations."""
    x = torch.zeros(1000)

    def work() -> torch.Tensor:
        x.untyped_storage().resize_(0)
        x.view(-1)
        return torch.zeros(100)

    use = metered(work, x)
    x.untyped_storage().resize_(
        4000
    )  # otherwise printing x after a failure would read freed memory

    assert use.peak_bytes == 400


class Owner(threading.Thread):
    """A thread that holds a tensor."""

    def run(self) -> None:
        """Create the tensor."""
        self.tensor = torch.zeros(1000)


def test_tensors_of_a_finished_thread_are_freed():
    """The meter keeps no reference to a thread that has ended."""

    def work() -> None:
        thread = Owner()
        thread.start()
        thread.join()

    assert (metered(work).peak_bytes, metered(work).held_bytes) == (4000, 0)


def test_storages_are_distinguished_if_frees_are_processed_late(monkeypatch):
    """A storage that reuses an address counts, even if the free is not yet processed."""
    meter, addresses = MemoryMeter(), set()
    with meter:
        with monkeypatch.context() as patch:
            patch.setattr(meter, "_drop_freed", lambda: None)
            for _round in range(50):
                last = torch.zeros(1000)
                addresses.add(last.untyped_storage()._cdata)
                del last
            last = torch.zeros(1000)
        assert (meter.use.total_bytes, meter.use.held_bytes) == (51 * 4000, 4000)
        del last
        assert meter.use.held_bytes == 0
    assert len(addresses) < 51, "no address was used twice, so this test shows nothing"
