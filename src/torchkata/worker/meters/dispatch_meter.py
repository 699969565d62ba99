"""What both meters stand on: a dispatch mode that follows the measured code into its threads."""

from __future__ import annotations

import _thread
import functools
import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode, _pop_mode, _push_mode

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

_LARGEST = 2**53 - 1
"""Every JSON reader keeps whole numbers exact up to here."""

_MOST_ROWS = 10_000
_LONGEST_NAME = 200

# Taken now, as a submission may put anything in their place.
_own_time = time.thread_time_ns
_open, _listdir = open, os.listdir
_start_raw = _thread.start_new_thread

_active: list[Meter] = []
_start_thread = threading.Thread.start
_guard = threading.Lock()


class Meter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A dispatch mode that sees what the measured code does, in threads that it starts too.

    Modes belong to one thread, so what starts threads is wrapped while a meter is on. Not followed:
    threads that run already, and other processes. What such threads work meanwhile, `worked_ns`
    tells, by the kernel's figures for each thread; that of the process as a whole is too coarse.

    Composite operations are taken apart before they are measured. In inference mode they arrive
    whole (`linear`, `einsum`), and one and the same function would otherwise cost less there.
    """

    supports_higher_order_operators = True

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._on = False
        self._began = 0
        self._before: dict[str, int] = {}
        self._ended: tuple[int, int] | None = None
        self._followed: set[str] = set()
        # Frees and threads may interrupt the bookkeeping at any point, in the same thread too.
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        with _guard:
            _active.append(self)
            threading.Thread.start = _start_metered  # type: ignore[assignment,method-assign]
            _thread.start_new_thread = _start_raw_metered
        self._on = True
        super().__enter__()  # type: ignore[no-untyped-call]
        self._before, self._began = _others(), _own_time()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended = self._worked()
        super().__exit__(*exc)  # type: ignore[no-untyped-call]
        self._on = False  # a thread that is still running keeps the mode, but no longer counts
        with _guard:
            _active.remove(self)
            if not _active:
                threading.Thread.start = _start_thread  # type: ignore[method-assign]
                _thread.start_new_thread = _start_raw

    @property
    def worked_ns(self) -> tuple[int, int]:
        """CPU time since it was put on: of this thread, and of those that it does not follow."""
        return self._ended or self._worked()

    def _worked(self) -> tuple[int, int]:
        own = _own_time() - self._began
        with self._lock:
            now = {thread: ns for thread, ns in _others().items() if thread not in self._followed}
        return own, sum(ns - self._before.get(thread, 0) for thread, ns in now.items())

    def _follow(self) -> None:
        _push_mode(self)
        with self._lock:
            self._followed.add(str(threading.get_native_id()))

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Measure one operation, or its parts where PyTorch calls it composite."""
        del types
        kwargs = kwargs or {}
        if not self._on:
            return func(*args, **kwargs)
        if _is_composite(func):
            _push_mode(self)
            try:
                return func.decompose(*args, **kwargs)
            finally:
                _pop_mode()
        return self._measure(func, args, kwargs)

    def _measure(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the operation, which no mode sees a second time, and take note of it."""
        raise NotImplementedError


@functools.cache
def _is_composite(func: Any) -> bool:
    return isinstance(func, OpOverload) and func._can_decompose()  # noqa: SLF001 - no public name


def _others() -> dict[str, int]:
    """The CPU time in ns of each other thread of this process, where the kernel tells."""
    here, found = str(threading.get_native_id()), {}
    with suppress(OSError):
        for thread in _listdir("/proc/self/task"):
            if thread != here:
                with suppress(OSError), _open(f"/proc/self/task/{thread}/schedstat") as file:
                    found[thread] = int(file.read().split()[0])
    return found


def _metered(run: Callable[..., object], meters: tuple[Meter, ...]) -> Callable[..., object]:
    """The same function, run under these meters."""

    def metered(*args: Any, **kwargs: Any) -> object:
        for meter in meters:
            meter._follow()  # noqa: SLF001 - the meters' own
        try:
            return run(*args, **kwargs)
        finally:
            for _unused in meters:
                _pop_mode()

    return metered


def _start_raw_metered(function: Callable[..., object], *args: Any) -> int:
    """Stand in for `_thread.start_new_thread`."""
    return _start_raw(_metered(function, tuple(_active)), *args)


def _start_metered(thread: threading.Thread) -> None:
    """Stand in for `Thread.start`: the new thread gets the meters that are on now."""
    run = _metered(thread.run, tuple(_active))

    def once() -> None:
        vars(thread).pop("run", None)  # a thread that refers to itself would keep its tensors alive
        run()

    # On the object, not the class: a subclass's own `run` is followed as well.
    thread.run = once  # type: ignore[method-assign]
    try:
        _start_thread(thread)
    except BaseException:
        vars(thread).pop("run", None)
        raise


def whole(value: object, what: str) -> int:
    """Read back one count that an untrusted process sent.

    Raises:
        ValueError: the value is no whole number from 0 to 2**53 - 1.
    """
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise ValueError(f"{what} is no count")
    return value


def counts(value: object, what: str) -> dict[str, int]:
    """Read back a table of names and counts above zero, the largest count first.

    Raises:
        ValueError: the value is no such table, or is absurdly large.
    """
    if type(value) is not dict or len(value) > _MOST_ROWS:
        raise ValueError(f"{what} is no table of counts")
    table: dict[str, int] = {}
    for name, count in value.items():
        if type(name) is not str or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
            raise ValueError(f"{what} has a row without a proper name")
        if whole(count, f"a row of {what}") == 0:
            raise ValueError(f"{what} has an empty row")
        table[name] = count
    return dict(sorted(table.items(), key=lambda row: -row[1]))


def lines(value: object, what: str) -> dict[int, int]:
    """Read back a table of line numbers, as text, and counts above zero, in order of lines.

    Raises:
        ValueError: the value is no such table.
    """
    table: dict[int, int] = {}
    for text, count in counts(value, what).items():
        if not (text.isascii() and text.isdigit() and len(text) < len(str(_LARGEST))):
            raise ValueError(f"{what} has a row that is no line number")
        if str(int(text)) != text:
            raise ValueError(f"{what} writes a line number in two ways")
        table[int(text)] = count
    return dict(sorted(table.items()))


def tables(value: object, what: str) -> dict[str, dict[int, int]]:
    """Read back tables of line numbers and counts by name.

    Raises:
        ValueError: the value is no such thing.
    """
    if type(value) is not dict or len(value) > _MOST_ROWS:
        raise ValueError(f"{what} is no table of tables")
    named = counts(dict.fromkeys(value, 1), what)  # proper names
    return {name: lines(value[name], what) for name in named}


def record(value: object, what: str, fields: set[str]) -> dict[str, object]:
    """Check that a value is a dict with exactly these fields.

    Raises:
        ValueError: it is not.
    """
    if type(value) is not dict or set(value) != fields:
        raise ValueError(f"{what} does not have the fields {', '.join(sorted(fields))}")
    return value
