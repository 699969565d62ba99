"""What the op meter counts, what it leaves out, and that its figures survive transport."""

from __future__ import annotations

import _thread
import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from torchkata.course.spec.case import Case
from torchkata.errors import CheckFailed
from torchkata.grading.checks.metering import nothing_of_its_own
from torchkata.worker.meters import ops
from torchkata.worker.meters.memory import MemoryMeter
from torchkata.worker.meters.ops import ConversionCounter, OpCount, OpMeter, overridden_kernels

if TYPE_CHECKING:
    from collections.abc import Callable


def metered(work: Callable[[], object]) -> OpCount:
    with OpMeter() as meter:
        work()
    return meter.count


def submission(source: str) -> dict[str, Any]:
    """Compile code as the worker compiles a learner's file."""
    names: dict[str, Any] = {"torch": torch, "np": np}
    exec(compile(source, "submission:test.py", "exec"), names)
    return names


ROWS = torch.arange(5000.0).reshape(500, 10)
X = torch.arange(6.0).reshape(2, 3)


def slicing_loop(x: torch.Tensor) -> torch.Tensor:
    out = torch.zeros(10)
    for i in range(len(x)):
        out += x[i]
    return out


def unbind_loop(x: torch.Tensor) -> torch.Tensor:
    out = torch.zeros(10)
    for row in x:
        out += row
    return out


def parameter() -> torch.nn.Parameter:
    weight = torch.nn.Parameter(torch.ones(3))
    weight.grad = torch.ones(3)
    return weight


class Doubled(torch.autograd.Function):
    """Doubles; its backward does its work in numpy."""

    @staticmethod
    def forward(_ctx, x):
        """Double x."""
        return x * 2

    @staticmethod
    def backward(_ctx, grad):
        """Double the gradient."""
        return torch.from_numpy(grad.numpy() * np.float32(2))


CASES = {
    "slicing loop": (
        lambda: (ROWS,),
        slicing_loop,
        {"add_": 500, "zeros": 1},
        {"select": 500},
    ),
    "unbind loop": (lambda: (ROWS,), unbind_loop, {"add_": 500, "zeros": 1}, {"unbind": 1}),
    "one sum": (lambda: (ROWS,), lambda x: x.sum(0), {"sum": 1}, {}),
    "nothing": (lambda: (ROWS,), lambda x: x.shape, {}, {}),
    "in place and out": (
        lambda: (ROWS, torch.empty(500, 10)),
        lambda x, out: torch.add(x, 1, out=out).mul_(2),
        {"add": 1, "mul_": 1},
        {},
    ),
    "views": (
        lambda: (ROWS,),
        lambda x: x.t().unsqueeze(0).expand(3, 10, 500).detach()[:, 1:].transpose(0, 1),
        {},
        {"t": 1, "unsqueeze": 1, "expand": 1, "detach": 1, "slice": 1, "transpose": 1},
    ),
    "a reshape that copies": (
        lambda: (ROWS,),
        lambda x: x.t().reshape(-1),
        {"clone": 1},
        {"t": 1, "_unsafe_view": 1},
    ),
    "SGD": (
        lambda: (torch.optim.SGD([parameter(), parameter()], lr=0.1, foreach=False),),
        lambda optimizer: optimizer.step(),
        {"add_": 2},
        {},
    ),
    "Adam": (
        lambda: (torch.optim.Adam([parameter()], lr=0.1, foreach=False),),
        lambda optimizer: optimizer.step(),
        {
            "zeros_like": 2,
            "add_": 2,
            "lerp_": 1,
            "mul_": 1,
            "addcmul_": 1,
            "_local_scalar_dense": 1,
            "sqrt": 1,
            "div": 1,
            "addcdiv_": 1,
        },
        {"lift_fresh": 1},
    ),
    "clip_grad_norm_": (
        lambda: ([parameter()],),
        lambda weights: torch.nn.utils.clip_grad_norm_(weights, 1.0, foreach=False),
        {
            "linalg_vector_norm": 2,
            "stack": 1,
            "add": 1,
            "reciprocal": 1,
            "mul": 1,
            "clamp": 1,
            "mul_": 1,
        },
        {},
    ),
    "vmap": (lambda: (ROWS,), torch.vmap(lambda row: row.sum()), {"sum": 1}, {}),
    "grad of a function": (
        lambda: (ROWS,),
        torch.func.grad(lambda x: (x * x).sum()),
        {"mul": 3, "sum": 1, "ones_like": 1, "add": 1},
        {"expand": 1},
    ),
    "backward": (
        lambda: ((torch.ones(3, requires_grad=True) * 2).sum(),),
        lambda loss: loss.backward(),
        {"ones_like": 1, "mul": 1},
        {"expand": 1, "detach": 1},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_known_counts(name):
    """Each function costs exactly the operations and views that it is known to dispatch."""
    make, work, ops, views = CASES[name]
    args = make()

    count = metered(lambda: work(*args))

    assert count.ops == ops
    assert count.views == views
    assert count.computing == sum(ops.values())
    assert count.total == sum(ops.values()) + sum(views.values())


def test_repeats_agree():
    """Counts of one function are the same each time."""
    assert len({json.dumps(metered(lambda: unbind_loop(ROWS)).as_plain()) for _ in range(3)}) == 1


def test_most_frequent_first():
    """The tables are in order of their counts."""
    assert list(metered(lambda: slicing_loop(ROWS)).ops) == ["add_", "zeros"]


def test_sentence():
    """The sentence names the total and the most frequent operations, and sums up the rest."""
    count = metered(lambda: slicing_loop(ROWS))

    assert count.describe() == "1,001 ops: 500 x select, 500 x add_, 1 x zeros"
    assert count.describe(most=1) == "1,001 ops: 500 x select, 501 x other"
    assert metered(lambda: ROWS.sum(0)).sentence() == "1 op: 1 x sum"
    assert metered(lambda: None).sentence() == "no ops"


def test_lines_are_the_submission_s():
    """Each operation is put down to the learner's line, not to that of the library it calls."""
    code = "def work(x):\n    y = x + 1\n    for row in y:\n        y = y + row\n    y.tolist()\n"
    work = submission(code)["work"]

    count = metered(lambda: work(torch.ones(3)))

    assert count.lines == {"ones": {0: 1}, "add": {2: 1, 4: 3}, "unbind": {3: 1}, "tolist": {5: 1}}
    assert count.describe() == (
        "6 ops (line 4: 3 x add; line 2: 1 x add; line 3: 1 x unbind; elsewhere 1 more)"
    )
    assert count.describe_conversions(["tolist"]) == "line 5: 1 x tolist"
    assert count.without_lines().sentence() == "6 ops: 4 x add, 1 x unbind, 1 x ones"


@pytest.mark.parametrize("guard", [torch.no_grad, torch.inference_mode])
def test_inference_costs_the_same(guard):
    """A composite operation counts as its parts in inference mode as well."""
    layer, x = torch.nn.Linear(4, 4), torch.ones(2, 4)

    def work() -> None:
        with guard():
            torch.einsum("ij,kj->ik", layer(x), x).reshape(-1)

    assert metered(work).ops == {"addmm": 1, "bmm": 1}


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # PyTorch's own call
def test_profiler_marks_and_descriptions_are_free():
    """Neither a profiler's marks nor questions about a tensor's form count."""
    x = torch.ones(3)

    def work() -> None:
        with torch.profiler.record_function("mark"):
            torch.func.jvp(torch.sin, (x,), (x,))

    assert set(metered(work).ops) == {"sin", "cos", "mul"}


class Sub(torch.Tensor):
    """A tensor subclass without behaviour of its own."""


class Wrapper(torch.Tensor):
    """A stand-in for a device's tensor, which computes on an inner one."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner):
        """Make a tensor of the same form, without memory."""
        wrapper = torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)
        wrapper.inner = inner
        return wrapper

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        args, kwargs = tree_map_only(Wrapper, lambda w: w.inner, (args, kwargs or {}))
        return tree_map_only(torch.Tensor, Wrapper, func(*args, **kwargs))


class DeviceMode(TorchDispatchMode):
    """Does what a wrapper does, as a mode, with one more operation of its own."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if Wrapper not in types:
            return func(*args, **(kwargs or {}))
        torch.zeros(1)
        return Wrapper.__torch_dispatch__(func, types, args, kwargs)


def test_subclasses_count_once():
    """An operation counts once, whether its tensor is plain, a subclass or a wrapper."""
    for x in (torch.ones(3), torch.ones(3).as_subclass(Sub), Wrapper(torch.ones(3))):
        assert metered(lambda x=x: (x + 1).sum()).ops == {"add": 1, "sum": 1}


def test_a_device_mode_below_counts_once():
    """Entered inside of a device mode, the meter sees none of the mode's own work."""
    x = Wrapper(torch.ones(3))

    with DeviceMode(), OpMeter() as inside:
        (x + 1).sum()
    with OpMeter() as outside, DeviceMode():
        (x + 1).sum()

    assert inside.count.ops == {"add": 1, "sum": 1}
    assert outside.count.ops == {"zeros": 2, "add": 1, "sum": 1}


def test_nested_meters_agree():
    """Two op meters with a memory meter between them count the same, and once."""
    x = ROWS
    with OpMeter() as outer, MemoryMeter(x) as memory, OpMeter() as inner:
        slicing_loop(x).tolist()

    assert outer.count == inner.count
    assert outer.count.total == 1001
    assert outer.count.conversions == {"tolist": 1}
    assert memory.use.held_bytes == 0


def test_meters_one_after_the_other():
    """Forward and backward can be metered apart, and a meter that is off counts no more."""
    weight = torch.ones(3, requires_grad=True)
    with OpMeter() as forward:
        loss = (weight * 2).sum()
    with OpMeter() as backward:
        loss.backward()

    assert forward.count.ops == {"mul": 1, "sum": 1}
    assert backward.count.ops == {"ones_like": 1, "mul": 1}


def some_work() -> None:
    (torch.ones(3) + 1).tolist()


class Own(threading.Thread):
    """A thread that overrides `run`."""

    def run(self) -> None:
        """Work."""
        some_work()


def in_thread() -> None:
    thread = threading.Thread(target=some_work)
    thread.start()
    thread.join()


def in_own_thread() -> None:
    thread = Own()
    thread.start()
    thread.join()


def in_pool() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(some_work).result()


def in_grandchild() -> None:
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()


@pytest.mark.parametrize("work", [in_thread, in_own_thread, in_pool, in_grandchild])
def test_threads_count(work):
    """What a started thread does counts, however the thread is made, and for two meters at once."""
    with OpMeter() as outer, OpMeter() as inner:
        work()

    assert outer.count == inner.count
    assert outer.count.ops == {"ones": 1, "add": 1}
    assert outer.count.conversions == {"tolist": 1}


def test_many_threads_lose_no_count():
    """Threads that count at the same time do not overwrite each other."""
    with OpMeter() as meter:
        threads = [
            threading.Thread(target=lambda: [torch.zeros(1) for _ in range(300)]) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert meter.count.ops == {"zeros": 2400}


def test_a_thread_that_outlives_the_meter():
    """After the meter is off, its count stands still although its thread goes on."""
    resume = threading.Event()

    def work() -> None:
        torch.zeros(1)
        ready.set()
        resume.wait(10)
        torch.zeros(1)

    ready = threading.Event()
    with OpMeter() as meter:
        thread = threading.Thread(target=work)
        thread.start()
        assert ready.wait(10)
    resume.set()
    thread.join()

    assert meter.count.ops == {"zeros": 1}


def test_what_was_replaced_is_restored():
    """Also after an exception, threads and tensor methods are as they were."""
    before = (threading.Thread.start, dict(vars(torch.Tensor)))

    with pytest.raises(ZeroDivisionError), OpMeter(), OpMeter():
        raise ZeroDivisionError

    assert (threading.Thread.start, dict(vars(torch.Tensor))) == before


CONVERSIONS = {
    "tolist": (lambda: [X.tolist()], {"tolist": 1}),
    "numpy": (lambda: [X.numpy()], {"numpy": 1}),
    "asarray": (lambda: np.asarray(X), {"numpy": 1}),
    "ufunc": (lambda: np.exp(np.asarray(X)), {"numpy": 1}),
    "from_dlpack": (lambda: np.from_dlpack(X), {"dlpack": 1}),
    "item": (lambda: X.sum().item(), {"item": 1}),
    "float, int, if": (lambda: (float(X[0, 0]), int(X[0, 0]), bool(X[0, 0] > 0)), {"item": 3}),
    "in inference mode": (torch.inference_mode()(lambda: [X.sum().item()]), {"item": 1}),
    "map": (lambda: list(map(torch.Tensor.tolist, X)), {"tolist": 2}),
    "apply_": (lambda: torch.ones(2).apply_(abs), {"apply_": 1}),
    "backward of a function": (
        lambda: Doubled.apply(torch.ones(2, requires_grad=True)).sum().backward(),
        {"numpy": 1},
    ),
    "none": (lambda: X + 1, {}),
    "Adam's own": (lambda: torch.optim.Adam([parameter()], foreach=False).step(), {}),
}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_conversions(name):
    """Values that leave for Python or numpy are noted, unless PyTorch itself wants them."""
    work, expected = CONVERSIONS[name]

    assert metered(work).conversions == expected


def test_conversions_give_the_same_values():
    """A noted conversion returns what it returns without a meter."""
    with OpMeter():
        inside = (X.tolist(), np.asarray(X, dtype=np.float64), X.numpy())

    assert inside[0] == X.tolist()
    assert inside[1].dtype == np.float64
    assert np.shares_memory(inside[2], X.numpy())


def test_the_way_back_shows_as_a_view():
    """A tensor made from Python or numpy data shows as `lift_fresh`."""
    assert metered(lambda: torch.tensor([1.0])).views == {"lift_fresh": 1}
    assert metered(lambda: torch.from_numpy(np.zeros(2))).views == {"lift_fresh": 1}


def test_a_custom_operation_is_named_in_full():
    """Another library's operation counts as one under its full name, so a budget can refuse it."""

    @torch.library.custom_op("torchkata_test::twice", mutates_args=())
    def twice(x: torch.Tensor) -> torch.Tensor:
        return x.sin() + x.sin()

    assert metered(lambda: twice(X)).ops == {"torchkata_test::twice": 1}


def test_round_trip_through_json():
    """A count comes back equal from JSON."""
    count = metered(lambda: (slicing_loop(ROWS).tolist(), X.sum().item()))

    back = OpCount.from_json(json.loads(json.dumps(count.as_plain())))

    assert back == count
    assert list(back.ops) == list(count.ops)


GOOD = {"ops": {"add": 2}, "views": {}, "conversions": {}, "lines": {"add": {"3": 2}}}

BAD = [
    None,
    [],
    {},
    {**GOOD, "more": 1},
    {**GOOD, "ops": {"add": -2}},
    {**GOOD, "ops": {"add": True}, "lines": {"add": {"3": 1}}},
    {**GOOD, "ops": {"add": 2.0}},
    {**GOOD, "ops": {"add": 2**53}, "lines": {"add": {"3": 2**53}}},
    {**GOOD, "ops": {"\x1b[2J": 2}, "lines": {"\x1b[2J": {"3": 2}}},
    {**GOOD, "ops": {"a" * 500: 2}, "lines": {"a" * 500: {"3": 2}}},
    {**GOOD, "lines": {"add": {"3": 1}}},
    {**GOOD, "lines": {"add": {"-3": 2}}},
    {**GOOD, "lines": {"add": {"03": 2}}},
    {**GOOD, "lines": {"add": {"٣": 2}}},
    {**GOOD, "lines": {"add": {3: 2}}},
    {**GOOD, "lines": {}},
    {**GOOD, "lines": {"add": {"3": 2}, "mul": {"3": 2}}},
]


@pytest.mark.parametrize("data", BAD, ids=str)
def test_nonsense_is_refused(data):
    """Data that are ill-formed or do not add up raise ValueError."""
    assert OpCount.from_json(GOOD).total == 2

    with pytest.raises(ValueError, match=r"\w"):
        OpCount.from_json(data)


LEAF = st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.floats(), st.text(max_size=3))
TREE = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LEAF, inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["add", "sum", "", "\n", "item"])
TABLES = st.dictionaries(NAMES, st.integers(-1, 3) | LEAF, max_size=3)
LINES = st.dictionaries(
    NAMES, st.dictionaries(st.sampled_from(["0", "7", "x", "-1"]), LEAF | st.just(1)), max_size=3
)
COUNTS = st.fixed_dictionaries(
    {
        "ops": TABLES | TREE,
        "views": TABLES | TREE,
        "conversions": TABLES | TREE,
        "lines": LINES | TREE,
    }
)


@given(TREE | COUNTS)
def test_anything_is_valid_or_refused(data):
    """Whatever arrives, it is read as a count that can be written again, or raises ValueError."""
    try:
        count = OpCount.from_json(data)
    except ValueError:
        return
    assert OpCount.from_json(count.as_plain()) == count
    assert count.describe()


# What it cannot count is noticed


def spin(rounds: int = 4000) -> None:
    x = torch.zeros(3)
    for _ in range(rounds):
        x = x + 1


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Have a thread that runs already."""
    with ThreadPoolExecutor(1) as started:
        started.submit(int).result()
        yield started


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's figures for each thread")
def test_work_in_older_threads_is_noticed(pool: ThreadPoolExecutor):
    """What a thread from before works shows as time, though not as operations."""
    with OpMeter() as meter:
        pool.submit(spin).result()
    own, unseen = meter.worked_ns

    assert meter.count.total == 0
    assert unseen > max(500_000, 2 * own)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's figures for each thread")
@pytest.mark.parametrize("start", ["_thread", "threading"])
def test_work_in_new_threads_is_counted(start: str):
    """A thread that the work starts is followed, whichever way it was started."""
    done = threading.Event()

    def work() -> None:
        spin(400)
        done.set()

    with OpMeter() as meter:
        if start == "_thread":
            _thread.start_new_thread(work, ())
        else:
            threading.Thread(target=work).start()
        assert done.wait(20)

    assert meter.count.ops["add"] == 400
    assert meter.worked_ns[1] < 500_000
    assert _thread.start_new_thread.__name__ == "start_new_thread", "put back"


def test_values_that_leave_are_heard_without_counting():
    """`Escapes` knows the ways out that the op meter knows, and no operations."""
    with ConversionCounter() as heard:
        X.numpy()
        np.asarray(X + 1)
        X.tolist()

    assert heard.count.conversions == {"numpy": 2, "tolist": 1}
    assert heard.count.total == 0
    assert OpCount.from_json(json.loads(json.dumps(heard.count.as_plain()))) == heard.count


@pytest.mark.filterwarnings("ignore:Warning only once")
def test_kernels_of_the_submission_are_named(monkeypatch: pytest.MonkeyPatch):
    """Another kernel for one of PyTorch's operations is noticed, if the learner's file has it."""
    monkeypatch.setattr(ops, "_own_kernels", set())
    theirs = submission("def kernel(a, b):\n    return a + b\n")["kernel"]
    with torch.library._scoped_library("aten", "IMPL") as library:
        library.impl("hypot", lambda a, b: a + b, "CPU")  # as PyTorch's own modules do
        assert overridden_kernels() == []
        library.impl("fmod.Tensor", theirs, "CPU")
        assert overridden_kernels() == ["fmod.Tensor"]


@pytest.mark.parametrize("name", ["mine::total", "while_loop", "scan"])
def test_operations_that_hide_a_loop_are_refused(name: str):
    """An op budget takes neither operations that a file makes, nor loops in one operation."""
    count = OpCount(ops={name: 1}, views={}, conversions={}, lines={name: {7: 1}})

    with pytest.raises(CheckFailed, match=f"calls {name}, which counts as one operation") as caught:
        nothing_of_its_own(count, Case("few", n=3))
    assert caught.value.facts == {"line": 7}


def test_operations_of_pytorch_are_not():
    """Whatever PyTorch brings along is counted as ever."""
    names = ("add", "cond", "quantized::linear", "prims::sum", "mkldnn::_linear_pointwise")
    count = OpCount(
        ops=dict.fromkeys(names, 1), views={}, conversions={}, lines={n: {1: 1} for n in names}
    )

    nothing_of_its_own(count, Case("few", n=3))
