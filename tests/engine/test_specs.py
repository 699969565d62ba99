"""Spec classes of datasets, modules and training steps: each check passes and fails as it should.

Every check is judged on a right entry point and on wrong ones, without worker processes of the
sandbox; the exercises of chapters 2, 6 and 8 use the same checks with them.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset as TorchDataset
from torch.utils.data import IterableDataset

from torchkata import Case, DataCase, Dataset, Module, Spec, TrainingStep
from torchkata.course.catalogue import Course
from torchkata.errors import CheckFailed, CourseError
from torchkata.grading.checks.custom_tests import Arguments
from torchkata.grading.checks.plan import plan, spec_tests
from torchkata.grading.data_dir import DataDir
from torchkata.result import CPU

COURSE = Course(Path(__file__).resolve().parents[2])


class FakeTarget:
    """Stands in for a target: runs probes in this process."""

    def __init__(self, entry: Any) -> None:
        self.module = ModuleType("submission")
        self.module.entry = entry  # type: ignore[attr-defined]

    def run(self, probe: Any, *arguments: Any, device: str = CPU) -> Any:
        moved = [each.to(device) if torch.is_tensor(each) else each for each in arguments]
        return probe(self.module, *moved)


def failed_checks(kind: str, entry: Any, folder: Path, *, only: str = "") -> dict[str, str]:
    """Return the message of each check, or of the only one to judge, that an entry point fails."""
    spec, right = RIGHT[kind]
    device = CPU if kind == "step" else "meta"
    failed = {}
    for number, test in enumerate(spec_tests(Spec(spec, stub_digest=""))):
        check = f"{test.axis}[{test.what}]"
        if only not in ("", check):
            continue
        root = folder / f"{number}"
        root.mkdir()
        session: Any = SimpleNamespace(processes=SimpleNamespace(data_dir=DataDir(root)))
        arguments = Arguments(
            submission=FakeTarget(entry),  # type: ignore[arg-type]
            reference=FakeTarget(right),  # type: ignore[arg-type]
            device=device if test.per_device else CPU,
            generator=torch.Generator().manual_seed(7),
            session=session,
        )
        try:
            test.claims(arguments)
        except CheckFailed as claim:
            failed[check] = str(claim)
    return failed


# ------------------------------------------------------------------------------------------------
# Dataset, map-style
# ------------------------------------------------------------------------------------------------


def numbers_in_files(files: DataDir, generator: torch.Generator) -> tuple[tuple[str], list[Tensor]]:
    rows = torch.randn(5, 2, generator=generator)
    folder = files.folder({f"{i}.txt": repr(row.tolist()).encode() for i, row in enumerate(rows)})
    return (folder,), list(rows)


def second_damaged(
    files: DataDir, generator: torch.Generator
) -> tuple[tuple[str], list[Tensor | None]]:
    (folder,), rows = numbers_in_files(files, generator)
    Path(folder, "1.txt").write_text("damaged")
    return (folder,), [rows[0], None, *rows[2:]]


FILES = Dataset(
    "entry",
    cases=(
        DataCase("five files", numbers_in_files, workers=(0,)),
        DataCase("one damaged", second_damaged, faulty=True, naming="damaged", workers=(0,)),
    ),
    negative_indices=True,
    opens=".txt",
    batch_size=2,
)


class Files(TorchDataset[Tensor]):
    def __init__(self, folder: str) -> None:
        self.paths = sorted(Path(folder).iterdir())

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        text = self.paths[index].read_text()
        if "damaged" in text:
            raise ValueError(text)
        return torch.tensor([float(word) for word in text.strip("[]").split(",")])


class NoBase:
    def __init__(self, folder: str) -> None:
        self.files = Files(folder)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:
        return self.files[index]


class WrapsAround(Files):
    def __getitem__(self, index: int) -> Tensor:
        return super().__getitem__(index % len(self))


class Reversed(Files):
    def __getitem__(self, index: int) -> Tensor:
        return super().__getitem__(-1 - index)


class TooLong(Files):
    def __len__(self) -> int:
        return len(self.paths) + 1


class CachesForAll(Files):
    cache: ClassVar[dict[int, Tensor]] = {}

    def __getitem__(self, index: int) -> Tensor:
        return self.cache.setdefault(index, super().__getitem__(index))


class OneBuffer(Files):
    buffer = torch.zeros(2)

    def __getitem__(self, index: int) -> Tensor:
        row = super().__getitem__(index)
        return row if torch.is_grad_enabled() else self.buffer.copy_(row)


class SwappedInBatches(Files):
    def __getitems__(self, indices: list[int]) -> list[Tensor]:
        return [self[index] for index in sorted(indices)]


class SkipsDamaged(Files):
    def __getitem__(self, index: int) -> Tensor:
        try:
            return super().__getitem__(index)
        except ValueError:
            return torch.zeros(2)


class Nameless(Files):
    def __getitem__(self, index: int) -> Tensor:
        try:
            return super().__getitem__(index)
        except ValueError:
            raise ValueError("oh") from None


class OpensEarly(Files):
    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.texts = [path.read_text() for path in self.paths]


class OpensAll(Files):
    def __getitem__(self, index: int) -> Tensor:
        for path in self.paths:
            path.read_text()
        return super().__getitem__(index)


# ------------------------------------------------------------------------------------------------
# Dataset, iterable
# ------------------------------------------------------------------------------------------------


def numbers_in_tar(files: DataDir, generator: torch.Generator) -> tuple[tuple[str], list[Tensor]]:
    rows = torch.randn(4, 2, generator=generator)
    members = {f"{i}.npy": row for i, row in enumerate(rows)}
    return (files.tar(members),), list(rows)


STREAM = Dataset(
    "entry",
    iterable=True,
    cases=(DataCase("four arrays", numbers_in_tar, workers=(0,)),),
    opens=".tar",
)


class Stream(IterableDataset[Tensor]):
    def __init__(self, path: str) -> None:
        self.path = path

    def __iter__(self) -> Iterator[Tensor]:
        with tarfile.open(self.path) as archive:
            for member in archive:
                file = archive.extractfile(member)
                assert file is not None
                yield torch.from_numpy(np.load(io.BytesIO(file.read())))


class PassOfAll(Stream):
    rows: ClassVar[list[Tensor]] = []

    def __iter__(self) -> Iterator[Tensor]:
        self.rows.extend(() if self.rows else super().__iter__())
        yield from self.rows


class MapStyle(Files):
    def __init__(self, path: str) -> None:
        self.rows = list(Stream(path))

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Tensor:
        return self.rows[index]


class Backwards(Stream):
    def __iter__(self) -> Iterator[Tensor]:
        return reversed(list(super().__iter__()))


class Twice(Stream):
    def __iter__(self) -> Iterator[Tensor]:
        for row in super().__iter__():
            yield row
            yield row


class ListsFirst(Stream):
    def __iter__(self) -> Iterator[Tensor]:
        list(super().__iter__())
        return super().__iter__()


# ------------------------------------------------------------------------------------------------
# Module
# ------------------------------------------------------------------------------------------------

LAYER = Module(
    "entry",
    arguments=((torch.tensor([1.0, 2.0]),),),
    parameters={"weight": (2, 2)},
    buffers={"shift": (2,)},
    x=(3, 2),
)
NAMELESS = Module("entry", parameters={"layers.0.weight": (2, 2)}, x=(3, 2), exact_names=False)


class Layer(nn.Module):
    def __init__(self, shift: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, 2))
        self.register_buffer("shift", shift.clone())

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight - self.shift


class PlainShift(Layer):
    def __init__(self, shift: Tensor) -> None:
        super().__init__(shift)
        del self.shift
        self.shift = shift.clone()


class OneMore(Layer):
    def __init__(self, shift: Tensor) -> None:
        super().__init__(shift)
        self.more = nn.Parameter(torch.zeros(1))


class Frozen(Layer):
    def __init__(self, shift: Tensor) -> None:
        super().__init__(shift)
        self.weight.requires_grad_(requires_grad=False)


SHARED = nn.Parameter(torch.zeros(2, 2))


class Shares(Layer):
    def __init__(self, shift: Tensor) -> None:
        super().__init__(shift)
        self.weight = SHARED


class Flat(Layer):
    def __init__(self, shift: Tensor) -> None:
        super().__init__(shift)
        self.weight = nn.Parameter(torch.zeros(4))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight.view(2, 2) - self.shift


class Remembers(Layer):
    def __init__(self, shift: Tensor) -> None:
        super().__init__(shift)
        self.first = shift.tolist()

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight - torch.tensor(self.first)


class CallersTensor(Layer):
    def __init__(self, shift: Tensor) -> None:
        super().__init__(shift)
        self.shift = shift


class RandomStart(Layer):
    def __init__(self, shift: Tensor) -> None:
        super().__init__(shift)
        nn.init.normal_(self.weight)


class SwitchesMode(Layer):
    def forward(self, x: Tensor) -> Tensor:
        self.eval()
        return super().forward(x)


class Freezes(Layer):
    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        self.requires_grad_(requires_grad=False)
        return y


class AddsHook(Layer):
    def forward(self, x: Tensor) -> Tensor:
        self.register_forward_hook(lambda *_: None)
        return super().forward(x)


class Stack(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 2, bias=False)])

    def forward(self, x: Tensor) -> Tensor:
        return self.layers[0](x)


class PlainList(Stack):
    def __init__(self) -> None:
        super().__init__()
        del self.layers
        self.layers = [nn.Linear(2, 2, bias=False)]  # type: ignore[assignment]


class NarrowStart(Stack):
    def __init__(self) -> None:
        super().__init__()
        nn.init.uniform_(self.layers[0].weight, -0.1, 0.1)


class SeededStart(Stack):
    def __init__(self) -> None:
        torch.manual_seed(0)
        super().__init__()


class EqualStart(Stack):
    def __init__(self) -> None:
        super().__init__()
        nn.init.constant_(self.layers[0].weight, 0.5)


# ------------------------------------------------------------------------------------------------
# Training step
# ------------------------------------------------------------------------------------------------


def run_step(kata: Any, net: nn.Module, recorder: Any, x: Tensor, y: Tensor) -> Any:
    return kata.entry(net, recorder.optimizer, recorder.loss_fn, x, y)


STEP = TrainingStep(
    "entry",
    run=run_step,
    cases=(Case("two steps", n=4, i=2, h=3, o=1), Case("with Adam", n=4, i=2, h=3, o=1)),
    optimizers={"with Adam": "Adam"},
)


def step(net: Any, optimizer: Any, loss_fn: Any, x: Tensor, y: Tensor) -> Tensor:
    optimizer.zero_grad()
    loss = loss_fn(net(x), y)
    loss.backward()
    optimizer.step()
    return loss.detach()


def attached(net: Any, optimizer: Any, loss_fn: Any, x: Tensor, y: Tensor) -> Tensor:
    step(net, optimizer, loss_fn, x, y)
    return loss_fn(net(x), y)


def as_number(*arguments: Any) -> float:
    return step(*arguments).item()


def twice(*arguments: Any) -> Tensor:
    step(*arguments)
    return step(*arguments)


def doubled_loss(*arguments: Any) -> Tensor:
    return 2 * step(*arguments)


def keeps_stale(net: Any, optimizer: Any, loss_fn: Any, x: Tensor, y: Tensor) -> Tensor:
    optimizer.zero_grad = lambda: None
    return step(net, optimizer, loss_fn, x, y)


def clears_afterwards(net: Any, optimizer: Any, *others: Any) -> Tensor:
    loss = step(net, optimizer, *others)
    optimizer.zero_grad()
    return loss


def converts(net: Any, optimizer: Any, loss_fn: Any, x: Tensor, y: Tensor) -> Tensor:
    return step(net.double(), optimizer, loss_fn, x.double(), y.double())


def leaves_autocast_on(*arguments: Any) -> Tensor:
    loss = step(*arguments)
    torch.set_autocast_enabled("cpu", True)  # noqa: FBT003
    return loss


def to_evaluation(net: Any, *others: Any) -> Tensor:
    return step(net.eval(), *others)


def loss_twice(net: Any, optimizer: Any, loss_fn: Any, x: Tensor, y: Tensor) -> Tensor:
    loss_fn(torch.zeros_like(y), y)
    return step(net, optimizer, loss_fn, x, y)


def on_meta(*arguments: Any) -> Tensor:
    return step(*arguments).to("meta")


RIGHT: dict[str, tuple[Any, Any]] = {
    "files": (FILES, Files),
    "stream": (STREAM, Stream),
    "layer": (LAYER, Layer),
    "stack": (NAMELESS, Stack),
    "step": (STEP, step),
}
WRONG: tuple[tuple[str, Callable[..., Any], str, str], ...] = (
    ("files", NoBase, "contract[dataset]", "must be a torch.utils.data.Dataset"),
    ("files", WrapsAround, "contract[past the ends]", "expected none, got 5, 10, -6, -14"),
    ("files", Reversed, "values[five files]", "`dataset[-5]`, with 5 samples"),
    ("files", TooLong, "values[five files]", "len(dataset): expected 5, got 6."),
    ("files", CachesForAll, "values[five files]", "samples (a second dataset, read under"),
    ("files", OneBuffer, "values[five files]", "samples (a second dataset, read under torch.no_g"),
    ("files", SwappedInBatches, "values[five files, in a loader]", "num_workers=0"),
    ("files", SkipsDamaged, "values[one damaged]", "the pass continued without an error"),
    ("files", Nameless, "values[one damaged]", "Expected the error to name damaged"),
    ("files", OpensEarly, "memory[opened files]", "expected none, got 0.txt, 1.txt"),
    ("files", OpensAll, "memory[opened files]", "dataset[2] opens 5 files"),
    ("stream", MapStyle, "contract[dataset]", "must be a torch.utils.data.IterableDataset"),
    ("stream", Backwards, "values[four arrays]", "the samples of pass 1"),
    ("stream", PassOfAll, "values[four arrays]", "of pass 1 (a second dataset, read under"),
    ("stream", Twice, "values[four arrays, in a loader]", "yields 8 samples, 4 of them distinct"),
    ("stream", ListsFirst, "memory[opened files]", "expected 1, got 2"),
    ("layer", PlainShift, "contract[registered names]", "not registered: expected none, got shift"),
    ("layer", OneMore, "contract[registered names]", "got ['more', 'weight']"),
    ("layer", Frozen, "contract[registered names]", "do not require grad: expected none, got weig"),
    ("layer", Shares, "contract[nothing shared]", "share 1 tensors"),
    ("layer", Flat, "shape[parameters]", "expected [2, 2], got [4]"),
    ("layer", Remembers, "values[saved state]", "after load_state_dict from another one"),
    ("layer", CallersTensor, "purity[arguments]", "the arguments of entry(...)"),
    ("layer", SwitchesMode, "purity[forward pass]", "mode a forward pass changes: expected none"),
    ("layer", Freezes, "purity[forward pass]", "a forward pass changes: expected none, got weight"),
    ("layer", AddsHook, "purity[forward pass]", "hooks a forward pass changes: expected none"),
    ("layer", RandomStart, "values[starting values]", "starting values of weight"),
    ("layer", PlainShift, "device[moves]", "to('meta') does not move: expected none, got shift"),
    ("stack", PlainList, "contract[registered names]", "expected none, got layers.0.weight"),
    ("stack", NarrowStart, "values[starting values]", "starting values of layers.0.weight"),
    ("stack", SeededStart, "values[starting values]", "standard deviation of 0; expected"),
    ("stack", EqualStart, "values[starting values]", "standard deviation of 0; expected"),
    ("stack", PlainList, "device[moves]", "expected none, got layers.0.weight"),
    ("step", attached, "contract[loss is detached]", "still attached"),
    ("step", as_number, "contract[loss is detached]", "0-d tensor"),
    ("step", twice, "contract[loss is detached]", "Expected 2 forward passes"),
    ("step", loss_twice, "contract[loss is detached]", "calls of loss_fn: expected 2, got 4"),
    (
        "step",
        to_evaluation,
        "purity[of the model]",
        "mode the step changes: expected none, got the",
    ),
    ("step", doubled_loss, "values[two steps]", "losses of 2 steps"),
    ("step", twice, "values[with Adam]", "losses of 2 steps"),
    ("step", converts, "dtype[parameters stay]", "got ['torch.float64']"),
    ("step", leaves_autocast_on, "purity[autocast]", "autocast is on: False before, True after"),
    ("step", keeps_stale, "gradient[only new ones]", "a step that started with stale ones"),
    ("step", clears_afterwards, "gradient[only new ones]", "There are no gradients after"),
    ("step", on_meta, "device[of the loss]", "expected ['cpu'], got ['meta']"),
)


@pytest.mark.parametrize("kind", RIGHT)
def test_a_right_entry_point_passes(kind: str, tmp_path: Path):
    """None of its checks fails."""
    assert failed_checks(kind, RIGHT[kind][1], tmp_path) == {}


@pytest.mark.parametrize(
    ("kind", "entry", "check", "message"), WRONG, ids=[f"{w[1].__name__}-{w[2]}" for w in WRONG]
)
def test_a_wrong_entry_point_fails(kind: str, entry: Any, check: str, message: str, tmp_path: Path):
    """The check of the property that it lacks fails, with a message that says so."""
    assert message in failed_checks(kind, entry, tmp_path, only=check)[check]


def test_every_check_has_a_wrong_entry_point():
    """No check is without a value that it rejects."""
    rejected = {(kind, check) for kind, _entry, check, _message in WRONG}

    for kind, ids in (("files", FILES), ("stream", STREAM), ("layer", LAYER), ("step", STEP)):
        for test in spec_tests(Spec(ids, stub_digest="")):
            assert (kind, f"{test.axis}[{test.what}]") in rejected


def test_spec_tests_are_checks_of_the_plan():
    """They have ids, descriptions and cases; those of devices run once for each."""
    checks = {check.id: check for check in plan(COURSE.one("submodules"), ("twin:0", "cuda:0"))}

    assert "submodules::contract[registered names]" in checks
    assert checks["submodules::device[moves, cuda:0]"].device == "cuda:0"
    assert checks["submodules::device[moves, twin:0]"].entry == "Stack"
    assert all(str(check.description) for check in checks.values() if "moves" in check.id)


def test_names_of_spec_classes_must_be_defined():
    """They count like those of EntryPoint."""
    assert Spec(FILES, LAYER, STEP, stub_digest="").names == ("entry",) * 3


def test_faults_of_authors_are_reported():
    """An unknown axis, no sound data, and sizes or optimizers that do not fit."""
    with pytest.raises(CourseError, match="expected an axis"):
        DataCase("data", numbers_in_tar, "size")
    with pytest.raises(CourseError, match="at least one case without a fault"):
        Dataset("entry", cases=(DataCase("data", numbers_in_tar, faulty=True),))
    with pytest.raises(CourseError, match="the sizes n, i, h, o"):
        TrainingStep("entry", run=run_step, cases=(Case("two steps", n=4),))
    with pytest.raises(CourseError, match="Adam is no case"):
        TrainingStep("entry", run=run_step, cases=STEP.cases, optimizers={"Adam": "Adam"})
