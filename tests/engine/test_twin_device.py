"""The twin behaves like a GPU: the same devices, values, errors and synchronizations."""

import os
import sys
from pathlib import Path

import pytest
import torch

from torchkata.sandbox import accelerators
from torchkata.worker.twin import device as twin

sys.path.insert(0, str(Path(__file__).parent))
import twin_table as table

BY_NAME = {name: (call, expected) for name, call, expected in table.ROWS}
NOT_COMPARABLE = {  # the CPU lacks the twin's generator, or has other defaults or results
    "rand, generator there",
    "is_cuda or is_cpu",
    "autocast",
    "autocast, bfloat16",
    "GradScaler",
}
COMPARABLE = [
    name
    for name, _, expected in table.ROWS
    if not isinstance(expected, type) and name not in NOT_COMPARABLE
]

# forward-mode code of torch calls deprecated functions of torch
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning")

twin.register()


def location_of(result):
    if not isinstance(result, torch.Tensor):
        return table.VALUE
    return table.HOST if result.device.type == "cpu" else table.DEVICE


def check_row(name, device):
    """Run one row of the table, check where the result is, and return it."""
    call, expected = BY_NAME[name]
    torch.manual_seed(0)
    if isinstance(expected, type):
        with pytest.raises(expected):
            call(device)
        return None
    result = call(device)
    assert location_of(result) == expected
    return result


def test_table_has_unique_names():
    """The table has at least 80 distinct calls, including those that read the device."""
    assert len(table.ROWS) == len(BY_NAME) >= 80
    assert set(table.READS) <= set(BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_row_on_the_twin(name):
    """Each call has the same device, exception and synchronizations as on CUDA."""
    with twin.TwinMode() as mode:
        check_row(name, "twin:0")

    reads = {read.op for read in mode.synchronizations}
    assert reads == ({table.READS[name]} if name in table.READS else set())


@pytest.mark.parametrize("name", COMPARABLE)
def test_row_has_the_values_of_the_cpu(name):
    """A call that works on both devices has the same values on both."""
    torch.manual_seed(0)
    wanted = BY_NAME[name][0]("cpu")
    with twin.TwinMode():
        got = twin.to_host(check_row(name, "twin:0"))

    if isinstance(wanted, torch.Tensor):
        torch.testing.assert_close(got, wanted)
    else:
        assert got == wanted


@pytest.mark.skipif(not accelerators.available_accelerators(), reason="no accelerator")
def test_table_on_a_real_accelerator():
    """The table describes a real accelerator."""
    wrong = []
    for name in BY_NAME:
        try:
            check_row(name, accelerators.available_accelerators()[0])
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - collect all of them
            wrong.append(f"{name}: {error}")

    assert wrong == []


def test_check_row_rejects_a_wrong_row(monkeypatch):
    """A row with the wrong device or the wrong exception fails."""
    monkeypatch.setitem(BY_NAME, "wrong place", (lambda _: torch.zeros(3), table.DEVICE))
    monkeypatch.setitem(BY_NAME, "no error", (lambda _: torch.zeros(3), RuntimeError))

    for name in ("wrong place", "no error"):
        with twin.TwinMode(), pytest.raises((AssertionError, pytest.fail.Exception)):
            check_row(name, "twin:0")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads by /proc")
def test_a_backward_pass_starts_no_thread():
    """A process can fork, even after a backward pass on the twin."""
    code = (
        "import os, torch\n"
        "from torchkata.worker.twin import device as twin\n"
        "twin.register()\n"
        "def go():\n"
        "    with twin.TwinMode():\n"
        "        x = torch.ones(3, device='twin', requires_grad=True)\n"
        "        (x * x).sum().backward()\n"
        "        assert x.grad.tolist() == [2, 2, 2]\n"
        "assert len(os.listdir('/proc/self/task')) == 1\n"
        "for after in (False, True):\n"
        "    if after: go()\n"
        "    pid = os.fork()\n"
        "    if pid == 0:\n"
        "        go(); os._exit(7)\n"
        "    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7\n"
        "assert len(os.listdir('/proc/self/task')) == 1\n"
    )

    assert in_a_process(code) == 0


def in_a_process(code):
    """Run `code` in a fresh interpreter and return its exit status; a signal is negative."""
    source = str(Path(twin.__file__).parents[3])
    environment = {**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
    return os.spawnve(os.P_WAIT, sys.executable, [sys.executable, "-c", code], environment)


@pytest.mark.parametrize("name", ["CPU gradient", "backward raises", "unpack hook raises"])
def test_an_exception_in_a_backward_pass_does_not_end_the_process(name):
    """With a device guard written in Python, it would end the process with signal 6."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import twin_table as table\n"
        "from torchkata.worker.twin import device as twin\n"
        "call = {row[0]: row[1] for row in table.ROWS}[" + repr(name) + "]\n"
        "with twin.TwinMode():\n"
        "    try: call('twin:0')\n"
        "    except (RuntimeError, ValueError): raise SystemExit(3)\n"
    )

    assert in_a_process(code) == 3


def test_autocast_uses_half_precision_by_default():
    """Autocast uses float16, as on CUDA, so a hard-coded bfloat16 is noticed; sums use float32."""
    with twin.TwinMode(), torch.autocast("twin"):
        x = torch.ones(3, 3, device="twin")
        assert (x @ x).dtype == torch.float16
        assert torch.softmax(x @ x, 0).dtype == torch.float32


def test_available_accelerators_are_devices_other_than_the_twin():
    """Every name that `available_accelerators` returns is accepted by torch."""
    kinds = {torch.device(name).type for name in accelerators.available_accelerators()}

    assert "twin" not in kinds
    assert "cpu" not in kinds


@pytest.mark.filterwarnings("ignore:.*[Ss]parse")
@pytest.mark.parametrize("layout", ["coo", "csr"])
def test_sparse_tensors_multiply(layout):
    """A sparse tensor on the twin is sparse for PyTorch, too: products, gradients, dense form."""
    with twin.TwinMode():
        one, ends = torch.ones(3, device="twin"), torch.tensor([0, 1, 3], device="twin")
        columns = torch.tensor([1, 0, 2], device="twin")
        if layout == "coo":
            rows = torch.tensor([0, 1, 1], device="twin")
            table = torch.sparse_coo_tensor(torch.stack([rows, columns]), one, (2, 3))
        else:
            table = torch.sparse_csr_tensor(ends, columns, one, (2, 3))
        weight = torch.arange(6.0, device="twin").view(3, 2)
        if layout == "coo":  # gradients of the other layout are not supported on the twin
            weight.requires_grad_()
            (table @ weight).sum().backward()
            assert twin.to_host(weight.grad).tolist() == [[1, 1], [1, 1], [1, 1]]
        product = table @ weight
        assert product.device == table.device == twin.TWIN
        if layout == "coo":  # PyTorch does not recognize a wrapper's compressed layout here
            assert twin.to_host(table.to_dense()).tolist() == [[0, 1, 0], [1, 0, 1]]
        assert twin.to_host(product).tolist() == [[2, 3], [4, 6]]
        with pytest.raises(RuntimeError):
            table @ torch.ones(3, 2)
