"""The op meter: what it counts, what it leaves out, and how its results are transported."""

from __future__ import annotations

import _thread
import json
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_map_only

from torchkata.course.spec.case import Case
from torchkata.grading.checks.uncounted import forbid_opaque_ops
from torchkata.i18n.op_names import HIGHER_ORDER
from torchkata.worker.meters import dispatch_meter, kernels
from torchkata.worker.meters.conversions import ConversionCounter, watch_conversions
from torchkata.worker.meters.counts import OpCount
from torchkata.worker.meters.dispatch_audit import DispatchAudit
from torchkata.worker.meters.kernels import overridden_kernels
from torchkata.worker.meters.memory import MemoryMeter
from torchkata.worker.meters.ops import OpMeter

if TYPE_CHECKING:
    from collections.abc import Callable


def metered(work: Callable[[], object]) -> OpCount:
    """Return the ops of a call."""
    with OpMeter() as meter:
        work()
    return meter.count


def submission(source: str) -> dict[str, Any]:
    """Compile code like the worker compiles a submission, and return its globals."""
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
    """Doubles its input; its backward pass uses NumPy."""

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
    "a vector times a matrix": (
        lambda: (torch.ones(500), ROWS),
        torch.matmul,
        {"mm": 1},
        {"unsqueeze": 1, "squeeze_": 1},
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
    """Each function dispatches exactly the ops and views that it is known to dispatch."""
    make, work, ops, views = CASES[name]
    args = make()

    count = metered(lambda: work(*args))

    assert count.ops == ops
    assert count.views == views
    assert count.computing == sum(ops.values())
    assert count.total == sum(ops.values()) + sum(views.values())


def test_repeated_counts_are_equal():
    """A function has the same counts each time."""
    assert len({json.dumps(metered(lambda: unbind_loop(ROWS)).to_json()) for _ in range(3)}) == 1


def test_tables_start_with_the_most_frequent_op():
    """The tables are sorted by count, in descending order."""
    assert list(metered(lambda: slicing_loop(ROWS)).ops) == ["add_", "zeros"]


def test_describe_lists_the_most_frequent_ops():
    """The message has the total and the most frequent ops, and sums up the rest."""
    count = metered(lambda: slicing_loop(ROWS))

    assert str(count.describe()) == "1,001 ops: 500 x select, 500 x add_, 1 x zeros"
    assert str(count.describe(most=1)) == "1,001 ops: 500 x select, 501 x other"
    assert str(metered(lambda: ROWS.sum(0)).describe()) == "1 op: 1 x sum"
    assert str(metered(lambda: None).describe()) == "no ops"


def test_lines_are_those_of_the_submission():
    """Each op has the learner's line, not that of the library that the learner calls."""
    code = "def work(x):\n    y = x + 1\n    for row in y:\n        y = y + row\n    y.tolist()\n"
    work = submission(code)["work"]

    count = metered(lambda: work(torch.ones(3)))

    assert count.lines == {"ones": {0: 1}, "add": {2: 1, 4: 3}, "unbind": {3: 1}, "tolist": {5: 1}}
    assert str(count.describe()) == (
        "6 ops (line 4: 3 x add; line 2: 1 x add; line 3: 1 x unbind; 1 more elsewhere)"
    )
    assert str(count.describe_conversions(["tolist"])) == "line 5: 1 x tolist"
    assert str(count.without_lines().describe()) == "6 ops: 4 x add, 1 x unbind, 1 x ones"


@pytest.mark.parametrize("guard", [torch.no_grad, torch.inference_mode])
def test_composite_ops_count_as_their_parts_in_inference_mode(guard):
    """Inference mode does not change the count of a composite op."""
    layer, x = torch.nn.Linear(4, 4), torch.ones(2, 4)

    def work() -> None:
        with guard():
            torch.einsum("ij,kj->ik", layer(x), x).reshape(-1)

    assert metered(work).ops == {"addmm": 1, "bmm": 1}


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # PyTorch's own call
def test_profiler_marks_and_metadata_reads_do_not_count():
    """Ops that mark a profile or read the metadata of a tensor are left out."""
    x = torch.ones(3)

    def work() -> None:
        with torch.profiler.record_function("mark"):
            torch.func.jvp(torch.sin, (x,), (x,))

    assert set(metered(work).ops) == {"sin", "cos", "mul"}


class Sub(torch.Tensor):
    """A tensor subclass that changes nothing."""


class Wrapper(torch.Tensor):
    """A simulated device tensor that computes on an inner tensor."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner):
        """Create a tensor with the same shape and dtype, without memory."""
        wrapper = torch.Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)
        wrapper.inner = inner
        return wrapper

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        args, kwargs = tree_map_only(Wrapper, lambda w: w.inner, (args, kwargs or {}))
        return tree_map_only(torch.Tensor, Wrapper, func(*args, **kwargs))


class DeviceMode(TorchDispatchMode):
    """Does the work of a wrapper in a mode, and runs one more op of its own."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if Wrapper not in types:
            return func(*args, **(kwargs or {}))
        torch.zeros(1)
        return Wrapper.__torch_dispatch__(func, types, args, kwargs)


def test_ops_on_subclasses_count_once():
    """An op counts once for a plain tensor, a subclass and a wrapper."""
    for x in (torch.ones(3), torch.ones(3).as_subclass(Sub), Wrapper(torch.ones(3))):
        assert metered(lambda x=x: (x + 1).sum()).ops == {"add": 1, "sum": 1}


def test_meter_inside_a_device_mode_does_not_see_the_mode():
    """Ops of a device mode count only if the mode is entered inside the meter."""
    x = Wrapper(torch.ones(3))

    with DeviceMode(), OpMeter() as inside:
        (x + 1).sum()
    with OpMeter() as outside, DeviceMode():
        (x + 1).sum()

    assert inside.count.ops == {"add": 1, "sum": 1}
    assert outside.count.ops == {"zeros": 2, "add": 1, "sum": 1}


def test_nested_meters_agree():
    """Two op meters with a memory meter between them have the same counts."""
    x = ROWS
    with OpMeter() as outer, MemoryMeter(x) as memory, OpMeter() as inner:
        slicing_loop(x).tolist()

    assert outer.count == inner.count
    assert outer.count.total == 1001
    assert outer.count.conversions == {"tolist": 1}
    assert memory.use.held_bytes == 0


def test_forward_and_backward_can_be_metered_separately():
    """A meter that is off does not count any more."""
    weight = torch.ones(3, requires_grad=True)
    with OpMeter() as forward:
        loss = (weight * 2).sum()
    with OpMeter() as backward:
        loss.backward()

    assert forward.count.ops == {"mul": 1, "sum": 1}
    assert backward.count.ops == {"ones_like": 1, "mul": 1}


def some_work() -> None:
    (torch.ones(3) + 1).tolist()


class CustomThread(threading.Thread):
    """A thread that overrides `run`."""

    def run(self) -> None:
        """Do some work."""
        some_work()


def in_thread() -> None:
    thread = threading.Thread(target=some_work)
    thread.start()
    thread.join()


def in_custom_thread() -> None:
    thread = CustomThread()
    thread.start()
    thread.join()


def in_pool() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(some_work).result()


def in_grandchild() -> None:
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()


@pytest.mark.parametrize("work", [in_thread, in_custom_thread, in_pool, in_grandchild])
def test_ops_of_started_threads_count(work):
    """Ops in a new thread count, however the thread is started, also with two meters."""
    with OpMeter() as outer, OpMeter() as inner:
        work()

    assert outer.count == inner.count
    assert outer.count.ops == {"ones": 1, "add": 1}
    assert outer.count.conversions == {"tolist": 1}


def test_concurrent_threads_lose_no_count():
    """Threads that run ops at the same time do not overwrite each other's counts."""
    with OpMeter() as meter:
        threads = [
            threading.Thread(target=lambda: [torch.zeros(1) for _ in range(300)]) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert meter.count.ops == {"zeros": 2400}


def test_threads_do_not_count_after_the_meter_is_off():
    """The count of a meter that is off stays the same, although its thread continues."""
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


def test_patched_functions_are_restored_after_an_exception():
    """Thread functions and tensor methods are the original ones again."""
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
    """Conversions to Python or NumPy are counted, unless PyTorch itself makes them."""
    work, expected = CONVERSIONS[name]

    assert metered(work).conversions == expected


def test_conversions_return_the_same_values_under_a_meter():
    """A conversion returns the same value with and without a meter."""
    with OpMeter():
        inside = (X.tolist(), np.asarray(X, dtype=np.float64), X.numpy())

    assert inside[0] == X.tolist()
    assert inside[1].dtype == np.float64
    assert np.shares_memory(inside[2], X.numpy())


def test_tensors_from_python_or_numpy_count_as_views():
    """Creating a tensor from Python or NumPy data counts as the view `lift_fresh`."""
    assert metered(lambda: torch.tensor([1.0])).views == {"lift_fresh": 1}
    assert metered(lambda: torch.from_numpy(np.zeros(2))).views == {"lift_fresh": 1}


def test_custom_ops_keep_their_prefix():
    """An op of another library counts under its full name, so that a budget can refuse it."""

    @torch.library.custom_op("torchkata_test::twice", mutates_args=())
    def twice(x: torch.Tensor) -> torch.Tensor:
        return x.sin() + x.sin()

    assert metered(lambda: twice(X)).ops == {"torchkata_test::twice": 1}


def test_count_survives_json():
    """A count that is written to JSON and read back is equal."""
    count = metered(lambda: (slicing_loop(ROWS).tolist(), X.sum().item()))

    back = OpCount.from_json(json.loads(json.dumps(count.to_json())))

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
def test_malformed_counts_raise(data):
    """Data that are malformed or do not add up raise ValueError."""
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
def test_any_data_is_a_valid_count_or_raises(data):
    """Arbitrary data become a count that can be written again, or raise ValueError."""
    try:
        count = OpCount.from_json(data)
    except ValueError:
        return
    assert OpCount.from_json(count.to_json()) == count
    assert str(count.describe())


# Work that it cannot count is detected


def spin(rounds: int = 4000) -> None:
    x = torch.zeros(3)
    for _ in range(rounds):
        x = x + 1


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Return a pool whose thread is already running."""
    with ThreadPoolExecutor(1) as started:
        started.submit(int).result()
        yield started


@pytest.mark.skipif(sys.platform != "linux", reason="needs the CPU time of each thread")
def test_work_in_older_threads_shows_as_time(pool: ThreadPoolExecutor):
    """The work of a thread that was already running is measured as time, not as ops."""
    with OpMeter() as meter:
        pool.submit(spin).result()
    own, unseen = meter.worked_ns

    assert meter.count.total == 0
    assert unseen > max(500_000, 2 * own)


@pytest.mark.skipif(sys.platform != "linux", reason="needs the CPU time of each thread")
@pytest.mark.parametrize("start", ["_thread", "threading"])
def test_work_in_new_threads_is_counted(start: str):
    """A thread that the work starts is followed, however it is started."""
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


def test_conversion_counter_counts_conversions_only():
    """`ConversionCounter` counts the same conversions as the op meter, and no ops."""
    with ConversionCounter() as counter:
        X.numpy()
        np.asarray(X + 1)
        X.tolist()

    assert counter.count.conversions == {"numpy": 2, "tolist": 1}
    assert counter.count.total == 0
    assert OpCount.from_json(json.loads(json.dumps(counter.count.to_json()))) == counter.count


@pytest.mark.filterwarnings("ignore:Warning only once")
def test_kernels_registered_by_the_submission_are_named(monkeypatch: pytest.MonkeyPatch):
    """A kernel for an ATen op is recorded if a function of the submission implements it."""
    monkeypatch.setattr(kernels, "_overridden_kernels", set())
    kernel = submission("def kernel(a, b):\n    return a + b\n")["kernel"]
    with torch.library._scoped_library("aten", "IMPL") as library:
        library.impl("hypot", lambda a, b: a + b, "CPU")  # as PyTorch's own modules do
        assert overridden_kernels() == []
        library.impl("fmod.Tensor", kernel, "CPU")
        assert overridden_kernels() == ["fmod.Tensor"]
        text = (
            "import functools\ndef register(library):\n"
            "    library.impl('remainder.Tensor', functools.partial(max), 'CPU')\n"
        )
        submission(text)["register"](library)
        assert overridden_kernels() == ["fmod.Tensor", "remainder.Tensor"]


def test_conversions_by_functions_that_were_kept_are_counted():
    """Methods that were kept, capsules and calls by way of a pytree are conversions too."""
    watch_conversions()
    text = (
        "import torch\nfrom torch.utils._pytree import tree_map\n"
        "numpy, capsule = torch.Tensor.numpy, torch._C._to_dlpack\n"
        "def convert(x):\n"
        "    numpy(x)\n    capsule(x)\n    tree_map(lambda leaf: leaf.tolist(), [x])\n"
    )
    convert = submission(text)["convert"]
    with ConversionCounter() as counter:
        convert(X)

    assert counter.count.conversions == {"numpy": 1, "dlpack": 1, "tolist": 1}


def test_a_thread_that_has_ended_is_no_hiding_place():
    """Work in a thread that was started by a name from before, and has ended, is noticed."""
    start, done = dispatch_meter._start_raw, threading.Event()

    def work() -> None:
        spin(3000)
        done.set()

    with OpMeter() as meter:
        start(work, ())
        assert done.wait(20)
        time.sleep(0.05)

    assert meter.worked_ns[1] > 500_000


EXCLUDED = torch._C.DispatchKeySet(torch._C.DispatchKey.Python)


def excluded() -> torch.Tensor:
    with torch._C._ExcludeDispatchKeyGuard(EXCLUDED):
        return X * 2 + 1


def disabled() -> torch.Tensor:
    with _disable_current_modes():
        return X * 2


def without_effect() -> torch.Tensor:
    return X.to(X.dtype).contiguous().reshape(-1) * 2  # the first two return X itself


@pytest.mark.parametrize(
    ("work", "hidden"),
    [
        (excluded, ["aten::mul", "aten::add"]),
        (disabled, ["aten::mul"]),
        (without_effect, []),
        (lambda: torch.nn.functional.linear(X, X), []),
        (lambda: (X.clone().requires_grad_() ** 2).sum().backward(), []),
        (lambda: torch.tensor([2, 1, 0]), []),
        (lambda: torch.nn.Linear(2, 1), []),
    ],
)
def test_ops_that_no_mode_sees_are_found_below_python(work, hidden):
    """Switches of PyTorch hide ops from the meters, but not from the profiler."""
    with OpMeter(), DispatchAudit() as audit:
        work()

    assert audit.hidden == hidden


@pytest.mark.parametrize("name", ["mine::total", "while_loop", "scan", "mul"])
def test_op_budgets_refuse_ops_that_hide_a_loop(name: str):
    """An op budget fails if the file calls an op that it defined, or a loop that is one op."""
    full = name if "::" in name else HIGHER_ORDER + name
    count = OpCount(ops={full: 1}, views={}, conversions={}, lines={full: {7: 1}})

    outcome = forbid_opaque_ops(count, Case("few", n=3))

    assert outcome is not None
    assert outcome.message.all_values() == {"name": name}
    assert outcome.line == 7


def test_op_budgets_accept_the_ops_of_pytorch():
    """Ops that come with PyTorch are counted, whatever their library."""
    names = ("add", "hypot", "quantized::linear", "prims::sum", "mkldnn::_linear_pointwise")
    count = OpCount(
        ops=dict.fromkeys(names, 1), views={}, conversions={}, lines={n: {1: 1} for n in names}
    )

    assert forbid_opaque_ops(count, Case("few", n=3)) is None
