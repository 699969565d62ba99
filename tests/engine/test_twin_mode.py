"""The twin speaks the learner's language, records reads, moves trees, and gets on with others."""

import _thread
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from torchkata.worker.twin import device as twin

twin.register()


def submission(code, **names):
    """Run `code` as a submission, so that its lines are known."""
    exec(compile(code, "submission:00_test.py", "exec"), names)
    return names


class Counting(TorchDispatchMode):
    """Counts operations by name."""

    def __init__(self):
        super().__init__()
        self.ops = Counter()

    def __torch_dispatch__(self, op, types, args=(), kwargs=None):
        self.ops[op.overloadpacket.__name__] += 1
        return op(*args, **(kwargs or {}))


def test_message_names_call_line_and_remedy():
    """A CPU tensor made by a known call is blamed on that call, with a spelling that travels."""
    code = "def f(x):\n    y = torch.zeros(10)\n    return x + y\n"
    f = submission(code, torch=torch)["f"]

    with twin.TwinMode(), pytest.raises(RuntimeError) as caught:
        f(torch.ones(10, device="twin"))

    assert str(caught.value) == (
        "Expected all tensors to be on the same device, but found at least two devices, twin:0 and "
        "cpu! `torch.zeros(10)` in line 2 made a CPU tensor, but x lives on twin:0 (a stand-in for "
        "a GPU). Create it where x is: `x.new_zeros(10)` or `device=x.device`."
    )


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (
            "torch.full((3,), 2.0)",
            r"`torch\.full\(\(3,\), 2\.0\)` in line 1 .*`x\.new_full\(\(3,\), 2\.0\)",
        ),
        ("torch.tensor([1.0, 2, 3])", r"`torch\.tensor\(\.\.\.\)` in line 1 .* `device=x\.device`"),
        ("torch.zeros(6).view(2, 3)[0] * 2", r"`torch\.zeros\(6\)` in line 1 "),
        ("torch.arange(3)", r"`torch\.arange\(3\)` in line 1 "),
    ],
)
def test_message_names_the_first_maker(make, wanted):
    """The call that made a CPU tensor is named as it is spelled, also after arithmetic."""
    f = submission(f"f = lambda x: x + {make}", torch=torch)["f"]

    with twin.TwinMode(), pytest.raises(RuntimeError, match=wanted):
        f(torch.ones(3, device="twin"))


def test_message_of_a_tensor_that_nobody_saw_made():
    """A CPU tensor from before the mode is named by its shape."""
    host = torch.ones(2, 3)

    with twin.TwinMode(), pytest.raises(RuntimeError, match=r"CPU tensor of shape \(2, 3\)"):
        torch.ones(2, 3, device="twin") + host


def test_message_forgets_tensors_that_are_gone():
    """The record of CPU tensors keeps none of them alive."""
    with twin.TwinMode() as mode:
        for _ in range(5):
            torch.zeros(3)

    assert len(mode.origins) == 0


def test_message_of_a_copy_to_the_cpu():
    """A tensor that was moved to the CPU by hand is said to have been moved."""
    with (
        twin.TwinMode(),
        pytest.raises(RuntimeError, match=r"`.cpu\(\)` or `.to\(...\)` made a CPU"),
    ):
        x = torch.ones(3, device="twin")
        x + x.cpu()


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: x.cuda(),
        lambda x: x.to("cuda"),
        lambda _: torch.zeros(3, device="cuda"),
        lambda _: torch.nn.Linear(2, 2).cuda(),
    ],
)
def test_cuda_by_name_is_refused_with_the_portable_spelling(ask):
    """Code that names CUDA is told to take the device from its input."""
    with twin.TwinMode(), pytest.raises(RuntimeError, match=r"asks for CUDA by name.*x\.device"):
        ask(torch.ones(3, device="twin"))


def test_synchronisations_have_lines_and_an_order():
    """Each read is recorded with the learner's line; reads of CPU tensors are not."""
    code = "def f(x):\n    n = x.sum().item()\n    c.item()\n    return x.tolist(), x[x > n]\n"
    f = submission(code, c=torch.tensor(3.0))["f"]

    with twin.TwinMode() as mode:
        f(torch.ones(4, device="twin"))

    wanted = [("item", 2), ("tolist", 4), ("boolean mask", 4)]
    assert [(read.op, read.line) for read in mode.synchronisations] == wanted


def test_the_harness_moves_trees_unseen():
    """to_twin and to_host keep values, strides and requires_grad, and no mode sees them."""
    tree = {
        "t": torch.arange(6.0).reshape(2, 3).T,
        "e": (torch.ones(1).expand(4), torch.ones(2, requires_grad=True)),
        "n": [3, torch.empty(0)],
    }

    with twin.TwinMode() as mode, Counting() as counting:
        there = twin.to_twin(tree)
        home = twin.to_host(there)

    assert twin.is_twin(there["t"])
    assert not twin.is_twin(home["t"])
    assert home["t"].stride() == tree["t"].stride()
    assert home["e"][0].stride() == (0,)
    assert home["e"][1].requires_grad
    torch.testing.assert_close(home, tree)
    assert mode.synchronisations == []
    assert counting.ops == Counter()


def test_the_harness_moves_copies():
    """What a submission does to its input in place does not reach the harness's own tensor."""
    host = torch.zeros(3)

    twin.to_twin(host).add_(1)

    assert host.tolist() == [0, 0, 0]


def test_the_harness_moves_modules_in_place():
    """Parameters and buffers go there and back, and stay parameters."""
    layer = torch.nn.BatchNorm1d(3)

    assert twin.to_twin(layer) is layer
    assert twin.is_twin(layer.weight)
    assert isinstance(layer.weight, torch.nn.Parameter)
    assert layer.running_mean.device == twin.TWIN
    twin.to_host(layer)
    assert layer.weight.device.type == layer.running_mean.device.type == "cpu"


@pytest.mark.parametrize("above", [True, False])
def test_composes_with_another_mode(above):
    """An op counter sees the same operations within the mode and around it."""
    first, second = (twin.TwinMode(), Counting()) if above else (Counting(), twin.TwinMode())
    counting = second if above else first
    x = twin.to_twin(torch.ones(3))

    with first, second:
        (x + 1).sum()

    assert counting.ops == Counter(add=1, sum=1)


def test_modes_nest_and_leave_nothing_behind():
    """After the mode, torch is as it was: the generator class and plain CPU work."""
    before = torch.Generator

    with twin.TwinMode(), twin.TwinMode():
        assert torch.Generator(device="twin").device == twin.TWIN
        assert isinstance(torch.default_generator, torch.Generator)

    assert torch.Generator is before
    assert torch.tensor([1.0]).device.type == "cpu"


def test_works_in_a_thread_that_enters_the_mode():
    """Modes are local to a thread; entered there, forward and backward run there."""
    found = []

    def work():
        with twin.TwinMode():
            x = torch.ones(3, device="twin", requires_grad=True)
            x.square().sum().backward()
            found.append(x.grad.tolist())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [[2, 2, 2]]


@pytest.mark.parametrize("start", ["threading", "_thread", "before"])
def test_hears_of_reads_in_other_threads(start):
    """A read in a thread that never entered the mode is a read, however the thread was started."""
    early = ThreadPoolExecutor(1)
    early.submit(int).result()  # its thread runs already
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
    assert [event.op for event in mode.synchronisations] == ["item"]

    early.submit(read, x).result()
    assert len(mode.synchronisations) == 1, "the mode is over"


def test_conjugates_are_values():
    """A lazy conjugate is worked out: the twin's tensors have the values that they show."""
    with twin.TwinMode():
        z = twin.to_twin(torch.tensor([1 + 2j]))
        assert twin.to_host(z.conj() * 1).tolist() == [1 - 2j]
        assert twin.to_host(z.conj().imag).tolist() == [-2.0]
