"""The twin explains errors, records synchronizations, moves trees, and composes with modes."""

import _thread
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from torchkata.worker.twin import device as twin
from torchkata.worker.twin.limits import is_limit, readable

twin.register()


def submission(code, **names):
    """Run `code` under the file name of a submission, so that its lines are recorded."""
    exec(compile(code, "submission:00_test.py", "exec"), names)
    return names


class CountingMode(TorchDispatchMode):
    """Counts ops by name."""

    def __init__(self):
        super().__init__()
        self.ops = Counter()

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        self.ops[op.overloadpacket.__name__] += 1
        return op(*args, **(kwargs or {}))


def test_message_names_the_creating_call_its_line_and_the_fix():
    """The message for a CPU tensor names the call that created it and the portable spelling."""
    code = "def f(x):\n    y = torch.zeros(10)\n    return x + y\n"
    f = submission(code, torch=torch)["f"]

    with twin.TwinMode(), pytest.raises(RuntimeError) as caught:
        f(torch.ones(10, device="twin"))

    assert str(caught.value) == (
        "Expected all tensors to be on the same device, but found at least two devices, twin:0 and "
        "cpu! `torch.zeros(10)` on line 2 created a CPU tensor, but x is on twin:0 (a simulated "
        "GPU). Create it on the device of x: `x.new_zeros(10)` or `device=x.device`."
    )


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (
            "torch.full((3,), 2.0)",
            r"`torch\.full\(\(3,\), 2\.0\)` on line 1 .*`x\.new_full\(\(3,\), 2\.0\)",
        ),
        ("torch.tensor([1.0, 2, 3])", r"`torch\.tensor\(\.\.\.\)` on line 1 .* `device=x\.device`"),
        ("torch.zeros(6).view(2, 3)[0] * 2", r"`torch\.zeros\(6\)` on line 1 "),
        ("torch.arange(3)", r"`torch\.arange\(3\)` on line 1 "),
    ],
)
def test_message_names_the_call_that_created_the_original_tensor(make, wanted):
    """The call is written as in the source, even if the tensor was computed from its result."""
    f = submission(f"f = lambda x: x + {make}", torch=torch)["f"]

    with twin.TwinMode(), pytest.raises(RuntimeError, match=wanted):
        f(torch.ones(3, device="twin"))


def test_message_for_a_tensor_of_unknown_origin_shows_its_shape():
    """A CPU tensor that is older than the mode is described by its shape."""
    host = torch.ones(2, 3)

    with twin.TwinMode(), pytest.raises(RuntimeError, match=r"CPU tensor of shape \(2, 3\)"):
        torch.ones(2, 3, device="twin") + host


@pytest.mark.parametrize(
    ("call", "values", "waits"),
    [
        ("torch.tensor(list(x))", [0, 1, 2], 3),
        ("torch.tensor([[x[0], x[0]], [x[2], x[1]]])", [[0, 0], [2, 1]], 4),
        ("torch.as_tensor((x[2:], x[1]))", [2, 1], 2),
        ("x.new_tensor([x[1]])", [1], 1),
        ("torch.tensor([1, 2])", [1, 2], 0),
    ],
)
def test_list_of_twin_tensors_is_read_one_by_one(call: str, values: list[object], waits: int):
    """Each element costs a wait, with its line; dtype and device are those of a GPU."""
    f = submission(f"def f(x):\n    return {call}\n", torch=torch)["f"]

    with twin.TwinMode() as mode:
        x = twin.to_twin(torch.arange(3, dtype=torch.int32))
        before = len(mode.synchronizations)
        y = f(x)
        events = mode.synchronizations[before:]

    assert twin.to_host(y).tolist() == values
    assert twin.is_twin(y) == call.startswith("x.")
    assert y.dtype is (torch.int32 if waits else torch.int64)
    assert [(event.op.startswith("torch."), event.line) for event in events] == [(True, 2)] * waits


def test_list_of_longer_twin_tensors_is_refused_as_on_a_gpu():
    """PyTorch's own error tells that the elements have several values."""
    with twin.TwinMode(), pytest.raises(ValueError, match="only one element tensors"):
        x = twin.to_twin(torch.ones(2))
        torch.tensor([x, x])


NESTED = "NestedTensorImpl doesn't support sizes"
LIMITS = {
    "nested tensors": ("torch.nested.as_nested_tensor([x, x[:1]])", True),
    "nested tensors of another layout": (
        "torch.nested.nested_tensor([x, x[:1]], layout=torch.jagged).to_padded_tensor(0.0)",
        True,
    ),
    "a subclass": ("x.as_subclass(type('S', (torch.Tensor,), {}))", True),
    "a higher-order op": (
        "torch.ops.higher_order.cond(x.sum() > 0, lambda y: (y,), lambda y: (y,), (x,))",
        True,
    ),
    "raised by the submission": (f"(_ for _ in ()).throw(RuntimeError({NESTED!r}))", False),
    "thrown into PyTorch": (
        f"torch.nn.Linear(1, 1).parameters().throw(RuntimeError({NESTED!r}))",
        False,
    ),
    "asserted with a text": (f"torch._check(False, lambda: {NESTED!r})", False),
    "from generated code": (f"exec('raise RuntimeError(t)', {{'t': {NESTED!r}}})", False),
    "a class of its own": (f"mine({NESTED!r})", False),
    "another error of PyTorch": ("x @ x @ torch.ones(7, device=x.device)", False),
}


@pytest.mark.parametrize("what", LIMITS)
def test_limits_of_the_twin_are_recognized(what: str):
    """Errors that only the twin has are recognized, unless the submission made them itself."""
    call, wanted = LIMITS[what]
    code = f"""
class Mine(RuntimeError):
    pass

def mine(text):
    raise Mine(text)

def f(x):
    return {call}
"""
    f = submission(code, torch=torch)["f"]

    with twin.TwinMode(), pytest.raises((RuntimeError, ValueError)) as caught:
        f(twin.to_twin(torch.ones(3)))

    assert is_limit(caught.value) is wanted, caught.value


def test_bare_raise_of_the_text_is_no_limit():
    """The text alone proves nothing if the innermost frame is at a `raise`."""
    f = submission(f"def f():\n    raise RuntimeError({NESTED!r})\n")["f"]

    with pytest.raises(RuntimeError) as caught:
        f()

    assert not is_limit(caught.value)


def test_names_of_types_in_messages_are_the_twins():
    """What C++ calls a meta tensor is shown as the twin."""
    assert readable("expected CPUFloatType, got MetaFloatType") == (
        "expected CPUFloatType, got twin:0 FloatType"
    )


def test_origins_keep_no_tensor_alive():
    """The record of CPU tensors forgets those that are freed."""
    with twin.TwinMode() as mode:
        for _round in range(5):
            torch.zeros(3)

    assert len(mode.origins) == 0


def test_message_for_a_tensor_moved_to_the_cpu_names_the_move():
    """The message for a tensor that the submission moved to the CPU names `.cpu()` and `.to`."""
    with (
        twin.TwinMode(),
        pytest.raises(RuntimeError, match=r"`.cpu\(\)` or `.to\(...\)` made a CPU"),
    ):
        x = torch.ones(3, device="twin")
        x + x.cpu()


@pytest.mark.parametrize(
    "use_cuda",
    [
        lambda x: x.cuda(),
        lambda x: x.to("cuda"),
        lambda _: torch.zeros(3, device="cuda"),
        lambda _: torch.nn.Linear(2, 2).cuda(),
    ],
)
def test_explicit_cuda_raises_and_names_the_portable_spelling(use_cuda):
    """The error for code that names CUDA advises to take the device from the input."""
    match = r"names the device CUDA explicitly.*x\.device"
    with twin.TwinMode(), pytest.raises(RuntimeError, match=match):
        use_cuda(torch.ones(3, device="twin"))


def test_synchronizations_are_recorded_in_order_with_their_lines():
    """Reads of twin tensors are recorded with the learner's line; reads of CPU tensors are not."""
    code = "def f(x):\n    n = x.sum().item()\n    c.item()\n    return x.tolist(), x[x > n]\n"
    f = submission(code, c=torch.tensor(3.0))["f"]

    with twin.TwinMode() as mode:
        f(torch.ones(4, device="twin"))

    wanted = [("item", 2), ("tolist", 4), ("boolean mask", 4)]
    assert [(read.op, read.line) for read in mode.synchronizations] == wanted


@pytest.mark.filterwarnings("ignore:TypedStorage")
@pytest.mark.parametrize(
    "read",
    [
        "with python_dispatch._disable_current_modes():\n        return x.item()",
        "return x.untyped_storage().tolist()",
        "return x.storage()[0]",
    ],
    ids=["modes disabled", "untyped_storage", "storage"],
)
def test_reads_that_avoid_the_mode_are_recorded(read):
    """Values that leave the twin on other ways are reads all the same."""
    code = f"def f(x):\n    {read}\n"
    names = {"python_dispatch": torch.utils._python_dispatch}
    with twin.TwinMode() as mode:
        submission(code, **names)["f"](torch.ones(1, device="twin"))

    assert mode.synchronizations


def test_data_of_a_twin_tensor_is_no_attribute():
    """No attribute of a twin tensor leads to the CPU tensor inside."""
    with twin.TwinMode():
        x = torch.ones(3, 3, device="twin")
        names = [name for name in dir(x) if not name.startswith("__")]

        assert not vars(x)
        for name in names:
            try:
                value = getattr(x, name, None)
            except RuntimeError:  # such as `imag` of real numbers
                continue
            assert not isinstance(value, torch.Tensor) or twin.is_twin(value), name


def test_moving_trees_is_invisible_to_modes():
    """`to_twin` and `to_host` keep values, strides and requires_grad, and no mode sees them."""
    tree = {
        "t": torch.arange(6.0).reshape(2, 3).T,
        "e": (torch.ones(1).expand(4), torch.ones(2, requires_grad=True)),
        "n": [3, torch.empty(0)],
    }

    with twin.TwinMode() as mode, CountingMode() as counting:
        on_twin = twin.to_twin(tree)
        back = twin.to_host(on_twin)

    assert twin.is_twin(on_twin["t"])
    assert not twin.is_twin(back["t"])
    assert back["t"].stride() == tree["t"].stride()
    assert back["e"][0].stride() == (0,)
    assert back["e"][1].requires_grad
    torch.testing.assert_close(back, tree)
    assert mode.synchronizations == []
    assert counting.ops == Counter()


def test_to_twin_copies():
    """In-place changes of a twin tensor do not affect the original tensor."""
    host = torch.zeros(3)

    twin.to_twin(host).add_(1)

    assert host.tolist() == [0, 0, 0]


def test_modules_move_in_place():
    """Parameters and buffers move to the twin and back, and parameters stay parameters."""
    layer = torch.nn.BatchNorm1d(3)

    assert twin.to_twin(layer) is layer
    assert twin.is_twin(layer.weight)
    assert isinstance(layer.weight, torch.nn.Parameter)
    assert layer.running_mean.device == twin.TWIN
    twin.to_host(layer)
    assert layer.weight.device.type == layer.running_mean.device.type == "cpu"


@pytest.mark.parametrize("inside", [True, False])
def test_composes_with_another_mode(inside):
    """An op counter sees the same ops inside the mode and around it."""
    first, second = (
        (twin.TwinMode(), CountingMode()) if inside else (CountingMode(), twin.TwinMode())
    )
    counting = second if inside else first
    x = twin.to_twin(torch.ones(3))

    with first, second:
        (x + 1).sum()

    assert counting.ops == Counter(add=1, sum=1)


def test_modes_nest_and_restore_torch():
    """After the mode, the generator class is restored and CPU tensors work as before."""
    before = torch.Generator

    with twin.TwinMode(), twin.TwinMode():
        assert torch.Generator(device="twin").device == twin.TWIN
        assert isinstance(torch.default_generator, torch.Generator)

    assert torch.Generator is before
    assert torch.tensor([1.0]).device.type == "cpu"


def test_works_in_a_thread_that_enters_the_mode():
    """A mode belongs to a thread; in a thread that enters it, forward and backward run."""
    gradients = []

    def work():
        with twin.TwinMode():
            x = torch.ones(3, device="twin", requires_grad=True)
            x.square().sum().backward()
            gradients.append(x.grad.tolist())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert gradients == [[2, 2, 2]]


@pytest.mark.parametrize("start", ["threading", "_thread", "before"])
def test_records_synchronizations_in_other_threads(start):
    """A read in a thread that did not enter the mode is recorded, however the thread started."""
    early = ThreadPoolExecutor(1)
    early.submit(int).result()  # its thread is now running
    done = threading.Event()

    def read(x):
        x.sum().item()
        done.set()

    with twin.TwinMode() as mode:
        x = torch.ones(3, device="twin")
        if start == "threading":
            threading.Thread(target=read, args=(x,)).start()
        elif start == "_thread":
            _thread.start_new_thread(read, (x,))
        else:
            early.submit(read, x)
        assert done.wait(20)
    assert [event.op for event in mode.synchronizations] == ["item"]

    early.submit(read, x).result()
    assert len(mode.synchronizations) == 1, "the mode is over"


def test_lazy_conjugates_are_resolved():
    """A twin tensor holds the values that it shows, even if it is a lazy conjugate."""
    with twin.TwinMode():
        z = twin.to_twin(torch.tensor([1 + 2j]))
        assert twin.to_host(z.conj() * 1).tolist() == [1 - 2j]
        assert twin.to_host(z.conj().imag).tolist() == [-2.0]
