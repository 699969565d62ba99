"""The twin device behaves as a GPU does, and says so in words that help."""

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
NOT_COMPARABLE = {  # the CPU has no generator of the twin's, other defaults, or another answer
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

# torch's own forward-mode code calls what torch deprecates
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script:DeprecationWarning")

twin.register()


def place_of(result):
    if not isinstance(result, torch.Tensor):
        return table.VALUE
    return table.HOST if result.device.type == "cpu" else table.DEVICE


def judge(name, device):
    """Run one row; say what is wrong, or return the result."""
    call, expected = BY_NAME[name]
    torch.manual_seed(0)
    if isinstance(expected, type):
        with pytest.raises(expected):
            call(device)
        return None
    result = call(device)
    assert place_of(result) == expected
    return result


def test_the_table_is_large_and_has_no_name_twice():
    """At least 80 distinct calls are stated, and the reads are among them."""
    assert len(table.ROWS) == len(BY_NAME) >= 80
    assert set(table.READS) <= set(BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_row_on_the_twin(name):
    """Each call does on the twin what CUDA does: same place, same exception, same reads."""
    with twin.TwinMode() as mode:
        judge(name, "twin:0")

    words = {read.op for read in mode.synchronisations}
    assert words == ({table.READS[name]} if name in table.READS else set())


@pytest.mark.parametrize("name", COMPARABLE)
def test_row_has_the_values_of_the_cpu(name):
    """Where a call works on both, the twin's values are the CPU's."""
    torch.manual_seed(0)
    wanted = BY_NAME[name][0]("cpu")
    with twin.TwinMode():
        found = twin.to_host(judge(name, "twin:0"))

    if isinstance(wanted, torch.Tensor):
        torch.testing.assert_close(found, wanted)
    else:
        assert found == wanted


@pytest.mark.skipif(not accelerators.available_accelerators(), reason="no accelerator")
def test_table_on_a_real_accelerator():
    """The table states what an accelerator does, not what we would like."""
    wrong = []
    for name in BY_NAME:
        try:
            judge(name, accelerators.available_accelerators()[0])
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - all are wanted
            wrong.append(f"{name}: {error}")

    assert wrong == []


def test_a_false_row_is_caught(monkeypatch):
    """The judge of rows fails a row that states the wrong place or the wrong exception."""
    monkeypatch.setitem(BY_NAME, "wrong place", (lambda _: torch.zeros(3), table.DEVICE))
    monkeypatch.setitem(BY_NAME, "no error", (lambda _: torch.zeros(3), RuntimeError))

    for name in ("wrong place", "no error"):
        with twin.TwinMode(), pytest.raises((AssertionError, pytest.fail.Exception)):
            judge(name, "twin:0")


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads by /proc")
def test_a_backward_starts_no_thread():
    """Nothing stands between a worker and fork, not even after a backward."""
    code = (
        "import os, torch\n"
        "from torchkata.worker.twin import twin\n"
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
    source = str(Path(twin.__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": source, "OMP_NUM_THREADS": "1"}
    return os.spawnve(os.P_WAIT, sys.executable, [sys.executable, "-c", code], environment)


@pytest.mark.parametrize("name", ["CPU gradient", "backward raises", "unpack hook raises"])
def test_an_exception_in_a_backward_does_not_end_the_process(name):
    """With a device guard written in Python these ended the process by signal 6."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import twin_table as table\n"
        "from torchkata.worker.twin import twin\n"
        "call = {row[0]: row[1] for row in table.ROWS}[" + repr(name) + "]\n"
        "with twin.TwinMode():\n"
        "    try: call('twin:0')\n"
        "    except (RuntimeError, ValueError): raise SystemExit(3)\n"
    )

    assert in_a_process(code) == 3


def test_autocast_uses_half_precision_by_default():
    """float16 as on CUDA, so that a hard-coded bfloat16 shows; sums stay in float32."""
    with twin.TwinMode(), torch.autocast("twin"):
        x = torch.ones(3, 3, device="twin")
        assert (x @ x).dtype == torch.float16
        assert torch.softmax(x @ x, 0).dtype == torch.float32


def test_present_names_devices_that_torch_takes():
    """Every name that `present` returns is a device, and the twin is not among them."""
    kinds = {torch.device(name).type for name in accelerators.available_accelerators()}

    assert "twin" not in kinds
    assert "cpu" not in kinds
    accelerators.synchronise("twin:0")


@pytest.mark.filterwarnings("ignore:.*[Ss]parse")
@pytest.mark.parametrize("layout", ["coo", "csr"])
def test_sparse_tensors_multiply(layout):
    """A sparse table on the twin is sparse to PyTorch, too: products, gradients, dense form."""
    with twin.TwinMode():
        one, ends = torch.ones(3, device="twin"), torch.tensor([0, 1, 3], device="twin")
        columns = torch.tensor([1, 0, 2], device="twin")
        if layout == "coo":
            rows = torch.tensor([0, 1, 1], device="twin")
            table = torch.sparse_coo_tensor(torch.stack([rows, columns]), one, (2, 3))
        else:
            table = torch.sparse_csr_tensor(ends, columns, one, (2, 3))
        weight = torch.arange(6.0, device="twin").view(3, 2)
        if layout == "coo":  # the gradient of the other layout does not run on the twin
            weight.requires_grad_()
            (table @ weight).sum().backward()
            assert twin.to_host(weight.grad).tolist() == [[1, 1], [1, 1], [1, 1]]
        product = table @ weight
        assert product.device == table.device == twin.TWIN
        if layout == "coo":  # PyTorch cannot tell a wrapper's compressed layout here
            assert twin.to_host(table.to_dense()).tolist() == [[0, 1, 0], [1, 0, 1]]
        assert twin.to_host(product).tolist() == [[2, 3], [4, 6]]
        with pytest.raises(RuntimeError):
            table @ torch.ones(3, 2)
