"""Start worker processes; imports no torch, so that a judge can start its zygote first."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final

from torchkata.errors import KataError
from torchkata.i18n import _

_PACKAGES: Final = str(Path(__file__).resolve().parents[2])
_INHERITED: Final = (
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "LD_LIBRARY_PATH",
    "PATH",
    "SYSTEMROOT",
)
_FIXED: Final = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # Otherwise glibc's allocator maps or keeps large temporaries unpredictably, and times vary.
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "67108864",
    "KINETO_LOG_LEVEL": "99",  # the profiler's own messages would appear as prints
    "LANG": "C.UTF-8",
    "HOME": "/nonexistent",
    "USER": "kata",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return inherited | _FIXED


def _python(statement: str) -> list[str]:
    code = f"import sys; sys.path.insert(0, {_PACKAGES!r}); {statement}"
    return [sys.executable, "-I", "-c", code]


class SpawnedProcess:
    """A worker that was started by itself, without a zygote.

    Args:
        descriptors: for requests, replies and printed text.
        confined: whether it confines itself.
    """

    def __init__(self, descriptors: list[int], *, confined: bool) -> None:
        request, reply, log = descriptors
        start = (
            f"from torchkata.worker.zygote import spawned_main; spawned_main(confined={confined})"
        )
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            _python(start),
            stdin=request, stdout=reply, stderr=log, env=_environment(), start_new_session=True,
        )  # fmt: skip
        self.pid = self._process.pid

    def status(self) -> int | None:
        """Return the exit status (negative: the signal), or None while it runs."""
        return self._process.poll()


class ForkedProcess:
    """A worker that was forked by the zygote.

    Args:
        zygote: its parent.
        pid: its process id.
    """

    def __init__(self, zygote: ZygoteClient, pid: int) -> None:
        self.pid = pid
        self._zygote = zygote
        self._status: int | None = None

    def status(self) -> int | None:
        """Return the exit status (negative: the signal), or None while it runs."""
        if self._status is None and self._zygote.closed:
            self._status = -signal.SIGKILL  # the zygote's children end with it
        if self._status is None:
            self._status = self._zygote.request({"do": "reap", "pid": self.pid})["status"]
        return self._status


class ZygoteClient:
    """Starts the zygote and sends it commands; safe to use from several threads.

    Attributes:
        closed: whether the zygote has been ended.
    """

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        start = f"from torchkata.worker.zygote import main; main({theirs.fileno()})"
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            _python(start),
            stdin=subprocess.DEVNULL, env=_environment(), pass_fds=[theirs.fileno()],
            start_new_session=True,
        )  # fmt: skip
        theirs.close()
        self._replies = self._socket.makefile("rb")
        self._ready = False
        self._lock = threading.Lock()  # each reply belongs to the latest command
        self.closed = False

    def fork(self, descriptors: list[int], options: dict[str, Any]) -> ForkedProcess:
        """Fork a worker.

        Args:
            descriptors: for requests, replies and printed text.
            options: how to set up the worker, as `torchkata.worker.zygote` expects them.

        Raises:
            KataError: the zygote has ended.
        """
        return ForkedProcess(self, self.request({"do": "fork", **options}, descriptors)["pid"])

    def request(
        self, command: dict[str, Any], descriptors: list[int] | None = None
    ) -> dict[str, Any]:
        """Send a command and wait for its reply.

        Raises:
            KataError: the zygote has ended.
        """
        try:
            with self._lock:
                if not self._ready:
                    self._ready = self._replies.readline() == b"ready\n"
                socket.send_fds(self._socket, [json.dumps(command).encode()], descriptors or [])
                reply: dict[str, Any] = json.loads(self._replies.readline())
        except (OSError, ValueError) as error:
            raise KataError(
                _(
                    "The process that starts the workers has ended. Try `python -c 'import torch'` "
                    "in this environment; if that works, please report the output above."
                )
            ) from error
        except BaseException:  # Ctrl-C: an unread reply would be mistaken for the next one's
            self.close()
            raise
        return reply

    def close(self) -> None:
        """End the zygote; its children end with it."""
        self.closed = True
        self._replies.close()
        self._socket.close()
        self._process.kill()
        self._process.wait()
