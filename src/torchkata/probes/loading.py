"""Watch data loading: what a DataLoader yields or raises, and which files are opened."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from torch.utils.data import DataLoader, _utils

BATCH_TIMEOUT: Final = 5  # seconds that worker processes may take for a batch
SHORT_TIMEOUT: Final = 1  # the same once they have timed out: they will again
MAX_ITEMS: Final = 10_000  # no grader needs that many

_open_recorders: list[list[str]] = []
_timed_out: list[str] = []  # in a worker process: not empty once batches did not arrive


class EndlessError(BaseException):
    """Raised when compiling or an iteration does not end.

    It is no `Exception`, so that no `except Exception` of a submission catches it.

    Args:
        what: `compiling` or `items`.
        limit: seconds, or the number of items that were read.

    Attributes:
        what: see above.
        limit: see above.
        details: both as plain data, which the worker sends along with the error.
    """

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"{what} {limit}")
        self.what = what
        self.limit = limit
        self.details: dict[str, object] = {"what": what, "limit": limit}


def collect_bounded(items: Iterable[Any], most: int = MAX_ITEMS) -> list[Any]:
    """Return all items as a list.

    Raises:
        EndlessError: there are more than `most`.
    """
    return list(bounded(items, most))


def bounded(items: Iterable[Any], most: int = MAX_ITEMS) -> Iterator[Any]:
    """Yield the items of an iterable that may never end.

    Raises:
        EndlessError: there are more than `most`.
    """
    for number, item in enumerate(items):
        if number >= most:
            raise EndlessError("items", most)
        yield item


def samples_at(dataset: Any, indices: Iterable[int]) -> list[Any]:
    """Return the samples at some indices; the text "IndexError" if that is raised."""

    def sample(index: int) -> Any:
        try:
            return dataset[index]
        except IndexError:
            return "IndexError"

    return [sample(index) for index in indices]


def loader_output(dataset: Any, *, passes: int = 1, **options: Any) -> dict[str, Any]:
    """Return what a DataLoader yields in some passes, or what it raises.

    Args:
        dataset: the dataset to load.
        passes: the number of passes; with more than one, the worker processes are persistent.
        options: keyword arguments of the DataLoader.

    Returns:
        `passes`, a list of batches for each; `error`, one line that begins with the exception's
        type, empty if nothing was raised; `text`, the exception's complete text; and `timed_out`,
        whether a worker process returned nothing in time.
    """
    workers = options.get("num_workers", 0)
    if workers:
        timeout = SHORT_TIMEOUT if _timed_out else BATCH_TIMEOUT
        options = {"timeout": timeout, "persistent_workers": passes > 1, **options}
    collected: list[list[Any]] = [[] for _ in range(passes)]
    error = text = ""
    timed_out = False
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create")  # graded on one core
        try:
            loader = DataLoader(dataset, **options)
            for batches in collected:
                batches.extend(bounded(loader))  # keeps the batches before an error
        except Exception as raised:
            if type(raised) is NotImplementedError and not raised.args:
                raise  # an unfinished stub
            kind, notes = type(raised).__name__, getattr(raised, "__notes__", ())
            text = "\n".join((f"{kind}: {raised}", *notes)).strip()
            last = str(raised).strip().rpartition("\n")[2]
            # A worker process's traceback ends with the type and the text of the exception.
            error = last if workers and last.partition(":")[0].isidentifier() else f"{kind}: {last}"
            timed_out = last.startswith("DataLoader timed out")  # PyTorch's own words
            if timed_out:
                _timed_out.append(last)
                _utils.MP_STATUS_CHECK_INTERVAL = SHORT_TIMEOUT / 10  # so shutdown is quick, too
            raised.__traceback__ = None  # it would keep the processes alive until they time out
    return {"passes": collected, "error": error, "text": text, "timed_out": timed_out}


@contextmanager
def recorded_opens(name: str) -> Iterator[list[str]]:
    """Collect the names, without folders, of opened files whose path ends in `name`."""
    opened: list[str] = []
    _install_audit_hook()
    _open_recorders.append(opened)
    try:
        yield opened
    finally:
        _open_recorders.pop()
        opened[:] = [path.rpartition("/")[2] for path in opened if path.endswith(name)]


@contextmanager
def recorded_tar_opens() -> Iterator[list[str]]:
    """Collect the names of the tar archives that are opened, those of file objects included."""
    import tarfile  # noqa: PLC0415 - other workers need not load its libraries

    opened: list[str] = []
    start = tarfile.TarFile.__init__

    def start_and_record(self: tarfile.TarFile, *arguments: Any, **keywords: Any) -> None:
        start(self, *arguments, **keywords)  # raises if it only tries a compression
        opened.append(str(self.name))

    tarfile.TarFile.__init__ = start_and_record  # type: ignore[method-assign]
    try:
        yield opened
    finally:
        tarfile.TarFile.__init__ = start  # type: ignore[method-assign]


def count_and_peak_bytes(items: Iterable[Any]) -> tuple[int, int]:
    """Return the number of items, and the peak memory of Python and NumPy while iterating."""
    import tracemalloc  # noqa: PLC0415 - other workers do not need it

    tracemalloc.start()
    try:
        return sum(1 for _ in bounded(items)), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@cache
def _install_audit_hook() -> None:
    """Install the audit hook once: hooks cannot be removed."""
    sys.addaudithook(_record_open)


def _record_open(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        for opened in _open_recorders:
            opened.append(os.fsdecode(arguments[0]))
