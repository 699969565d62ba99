"""The base of the meters: a dispatch mode that follows the measured code into its threads."""

from __future__ import annotations

import _thread
import builtins
import functools
import itertools
import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode, _pop_mode, _push_mode

from torchkata.worker.meters.kernels import note_replaced

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

globals()["__builtins__"] = dict(vars(builtins))  # which the functions below keep

# Saved now, because a submission may replace them.
_own_time, _process_time = time.thread_time_ns, time.process_time_ns
_open, _listdir = open, os.listdir
_start_raw = _thread.start_new_thread

_active: list[Meter] = []
_start_thread = threading.Thread.start
_guard = threading.Lock()


class Meter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A dispatch mode that sees every op of the measured code, in the threads that it starts, too.

    A mode belongs to one thread, so the functions that start threads are wrapped. Threads that are
    already running and other processes are not followed. `worked_ns` reveals the work of such
    threads, from the kernel's time for each thread, and the work of threads that have ended, from
    the time of the process.

    Composite ops are decomposed before they are measured. In inference mode they arrive whole
    (`linear`, `einsum`), and the same function would otherwise cost less there.
    """

    supports_higher_order_operators = True

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._on = False
        self._ticks = itertools.count()  # threads advance it one at a time
        self._began = 0
        self._before: dict[str, int] = {}
        self._ended: tuple[int, int] | None = None
        self._followed: set[str] = set()
        self._finished: set[str] = set()  # of those that are followed
        self._process_began = 0
        self._followed_ns = 0  # CPU time of followed threads that have ended
        # Frees and threads may interrupt the bookkeeping at any point, even in the same thread.
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        with _guard:
            _active.append(self)
            threading.Thread.start = _start_metered  # type: ignore[assignment,method-assign]
            follow_threads()
        self._on = True
        super().__enter__()  # type: ignore[no-untyped-call]
        self._before, self._began = _other_threads(), _own_time()
        self._process_began = _process_time()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended = self._worked()
        super().__exit__(*exc)  # type: ignore[no-untyped-call]
        self._on = False  # a thread that is still running keeps the mode, but no longer counts
        with _guard:
            _active.remove(self)
            if not _active:
                threading.Thread.start = _start_thread  # type: ignore[method-assign]

    def dispatched(self) -> int:
        """Return how often it saw an op, also one that only calls others; ask once."""
        return next(self._ticks)

    @property
    def worked_ns(self) -> tuple[int, int]:
        """CPU time in ns while the meter was on: of this thread, and of threads not followed."""
        return self._ended or self._worked()

    def _worked(self) -> tuple[int, int]:
        own, process = _own_time() - self._began, _process_time() - self._process_began
        living = {
            thread: ns - self._before.get(thread, 0) for thread, ns in _other_threads().items()
        }
        with self._lock:
            unseen = sum(ns for thread, ns in living.items() if thread not in self._followed)
            running = self._followed - self._finished
            followed = self._followed_ns + sum(living.get(thread, 0) for thread in running)
        return own, max(unseen, process - own - followed)

    def _follow(self) -> None:
        _push_mode(self)
        with self._lock:
            self._followed.add(str(threading.get_native_id()))

    def _unfollow(self, spent_ns: int) -> None:
        with self._lock:
            self._finished.add(str(threading.get_native_id()))
            self._followed_ns += spent_ns

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Measure one op, or its parts if it is composite."""
        del types
        kwargs = kwargs or {}
        if not self._on:
            return func(*args, **kwargs)
        next(self._ticks)
        note_replaced(func)
        if _is_composite(func):
            _push_mode(self)
            try:
                return func.decompose(*args, **kwargs)
            finally:
                _pop_mode()
        return self._measure(func, args, kwargs)

    def _measure(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the op, which no mode sees a second time, and record it."""
        raise NotImplementedError


@functools.cache
def _is_composite(func: Any) -> bool:
    return isinstance(func, OpOverload) and func._can_decompose()  # noqa: SLF001 - no public name


def _other_threads() -> dict[str, int]:
    """Return the CPU time in ns of each other thread of this process, if the kernel provides it."""
    here, times = str(threading.get_native_id()), {}
    with suppress(OSError):
        for thread in _listdir("/proc/self/task"):
            if thread != here:
                with suppress(OSError), _open(f"/proc/self/task/{thread}/schedstat") as file:
                    times[thread] = int(file.read().split()[0])
    return times


def _metered(run: Callable[..., object], meters: tuple[Meter, ...]) -> Callable[..., object]:
    """Return a function that runs `run` under these meters."""

    def metered(*args: Any, **kwargs: Any) -> object:
        for meter in meters:
            meter._follow()  # noqa: SLF001 - the meters' own
        began = _own_time()
        try:
            return run(*args, **kwargs)
        finally:
            spent = _own_time() - began
            for meter in meters:
                _pop_mode()
                meter._unfollow(spent)  # noqa: SLF001 - the meters' own

    return metered


def _start_raw_metered(function: Callable[..., object], *args: Any) -> int:
    """Stand in for `_thread.start_new_thread`: the new thread gets the meters that are on now."""
    return _start_raw(_metered(function, tuple(_active)) if _active else function, *args)


def follow_threads() -> None:
    """Replace `_thread.start_new_thread`, for good; workers do so before a submission loads.

    A submission that kept the original function would start threads that no meter follows.
    """
    _thread.start_new_thread = _thread.start_new = _start_raw_metered


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
