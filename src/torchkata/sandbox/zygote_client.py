"""Starting processes for workers; imports no torch, so that a judge starts its zygote first."""

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
_KEPT: Final = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "LD_LIBRARY_PATH", "PATH", "SYSTEMROOT")
_FIXED: Final = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # glibc's allocator otherwise maps or keeps each large temporary as it pleases, and times wander
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "67108864",
    "LANG": "C.UTF-8",
    "HOME": "/nonexistent",
    "USER": "kata",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | _FIXED


def _python(statement: str) -> list[str]:
    code = f"import sys; sys.path.insert(0, {_PACKAGES!r}); {statement}"
    return [sys.executable, "-I", "-c", code]


class Spawned:
    """A worker that was started on its own."""

    def __init__(self, descriptors: list[int], *, confined: bool) -> None:
        request, answer, log = descriptors
        start = f"from torchkata.worker.zygote import spawned; spawned(confined={confined})"
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            _python(start),
            stdin=request, stdout=answer, stderr=log, env=_environment(), start_new_session=True,
        )  # fmt: skip
        self.pid = self._process.pid

    def status(self) -> int | None:
        """The exit status (negative: the signal), or None while it runs."""
        return self._process.poll()


class Forked:
    """A worker that the zygote forked."""

    def __init__(self, zygote: Zygote, pid: int) -> None:
        self.pid = pid
        self._zygote = zygote
        self._status: int | None = None

    def status(self) -> int | None:
        """The exit status (negative: the signal), or None while it runs."""
        if self._status is None and self._zygote.closed:
            self._status = -signal.SIGKILL  # the zygote's children end with it
        if self._status is None:
            self._status = self._zygote.ask({"do": "reap", "pid": self.pid})["status"]
        return self._status


class Zygote:
    """The judge's end of the warm process; several threads may ask at once."""

    def __init__(self) -> None:
        self._link, theirs = socket.socketpair()
        start = f"from torchkata.worker.zygote import main; main({theirs.fileno()})"
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            _python(start),
            stdin=subprocess.DEVNULL, env=_environment(), pass_fds=[theirs.fileno()],
            start_new_session=True,
        )  # fmt: skip
        theirs.close()
        self._answers = self._link.makefile("rb")
        self._ready = False
        self._asking = threading.Lock()  # an answer belongs to whoever asked last
        self.closed = False

    def fork(self, descriptors: list[int], how: dict[str, Any]) -> Forked:
        """Fork a worker that takes requests, gives answers and prints on three descriptors."""
        return Forked(self, self.ask({"do": "fork", **how}, descriptors)["pid"])

    def ask(self, command: dict[str, Any], descriptors: list[int] | None = None) -> dict[str, Any]:
        """Send a command and wait for its answer.

        Raises:
            KataError: the zygote has ended.
        """
        try:
            with self._asking:
                if not self._ready:
                    self._ready = self._answers.readline() == b"ready\n"
                socket.send_fds(self._link, [json.dumps(command).encode()], descriptors or [])
                answer: dict[str, Any] = json.loads(self._answers.readline())
        except (OSError, ValueError) as error:
            raise KataError(
                _(
                    "The process that starts the workers has ended. Try `python -c 'import torch'` "
                    "in this environment; if that works, please report what you see above."
                )
            ) from error
        except BaseException:  # Ctrl-C: the answer, left unread, would pass for the next one's
            self.close()
            raise
        return answer

    def close(self) -> None:
        """End it; its children end with it."""
        self.closed = True
        self._answers.close()
        self._link.close()
        self._process.kill()
        self._process.wait()
