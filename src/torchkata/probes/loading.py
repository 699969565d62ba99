"""Watch data loading: what a DataLoader delivers or raises, and which files are opened."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

from torch.utils.data import DataLoader, _utils

from torchkata.probes.endless import EndlessError

LIMIT: Final = 5  # seconds that worker processes may take for a batch
LESS: Final = 1  # the same once they have taken all of them: they fail, and need not again so long
MOST: Final = 10_000  # items: no grader asks for as many

_listeners: list[list[str]] = []
_hung: list[str] = []  # in a worker process: fills when batches do not come


def taken(items: Iterable[Any], most: int = MOST) -> list[Any]:
    """All items, as `ending` gives them."""
    return list(ending(items, most))


def ending(items: Iterable[Any], most: int = MOST) -> Iterator[Any]:
    """The items one by one, of something that may never come to its end.

    Raises:
        EndlessError: after `most` items there are still more.
    """
    for number, item in enumerate(items):
        if number >= most:
            raise EndlessError("items", most)
        yield item


def indexed(dataset: Any, indices: Iterable[int]) -> list[Any]:
    """The samples of some indices; the text "IndexError" where that is raised."""

    def sample(index: int) -> Any:
        try:
            return dataset[index]
        except IndexError:
            return "IndexError"

    return [sample(index) for index in indices]


def delivered(dataset: Any, *, passes: int = 1, **how: Any) -> dict[str, Any]:
    """What a DataLoader gives in some passes, or what it raised.

    Args:
        dataset: what it loads.
        passes: how often it is gone through; for more than one, its worker processes stay.
        how: its keyword arguments.

    Returns:
        `passes`, a list of batches for each; `error`, one line that begins with the exception's
        type, empty if there was none; and `text`, all of its text.
    """
    workers = how.get("num_workers", 0)
    if workers:
        how = {"timeout": LESS if _hung else LIMIT, "persistent_workers": passes > 1, **how}
    found: list[list[Any]] = [[] for _ in range(passes)]
    error = text = ""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create")  # judged on one core
        try:
            loader = DataLoader(dataset, **how)
            for batches in found:
                batches.extend(ending(loader))  # keeps what came before an error
        except Exception as raised:
            if type(raised) is NotImplementedError and not raised.args:
                raise  # a stub
            kind, notes = type(raised).__name__, getattr(raised, "__notes__", ())
            text = "\n".join((f"{kind}: {raised}", *notes)).strip()
            last = str(raised).strip().rpartition("\n")[2]
            # A worker process's traceback ends with the type and the text of what it raised.
            error = last if workers and last.partition(":")[0].isidentifier() else f"{kind}: {last}"
            if last.startswith("DataLoader timed out"):
                _hung.append(last)
                _utils.MP_STATUS_CHECK_INTERVAL = LESS / 10  # nor does their end need long waits
            raised.__traceback__ = None  # it would keep the processes until they time out
    return {"passes": found, "error": error, "text": text}


@contextmanager
def opening(name: str) -> Iterator[list[str]]:
    """Collect the names, without folders, of opened files whose path ends in `name`."""
    heard: list[str] = []
    _listen()
    _listeners.append(heard)
    try:
        yield heard
    finally:
        _listeners.pop()
        heard[:] = [path.rpartition("/")[2] for path in heard if path.endswith(name)]


@contextmanager
def opening_tars() -> Iterator[list[str]]:
    """Collect the names of the tar archives that are opened, also of one that lies open already."""
    import tarfile  # noqa: PLC0415 - other workers need not load its libraries

    heard: list[str] = []
    start = tarfile.TarFile.__init__

    def counted(self: tarfile.TarFile, *arguments: Any, **keywords: Any) -> None:
        start(self, *arguments, **keywords)  # raises where it only tries a compression
        heard.append(str(self.name))

    tarfile.TarFile.__init__ = counted  # type: ignore[method-assign]
    try:
        yield heard
    finally:
        tarfile.TarFile.__init__ = start  # type: ignore[method-assign]


def most_held(items: Iterable[Any]) -> tuple[int, int]:
    """How many items come, and the most bytes of Python's and numpy's that are held meanwhile."""
    import tracemalloc  # noqa: PLC0415 - other workers need it not

    tracemalloc.start()
    try:
        return sum(1 for _ in ending(items)), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@cache
def _listen() -> None:
    """Hear of every file from now on: an audit hook stays for ever, so there is one for all."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        for heard in _listeners:
            heard.append(os.fsdecode(arguments[0]))
