"""Python processes that have imported torch already, for tests that start many of them.

Importing torch takes each new interpreter seconds of CPU time, and most tests that run the command
line start two. A server imports it once. `WarmServer.python` is the path of a program that takes
the arguments of `python` and lets the server fork a process that runs them, with the caller's
descriptors, environment and folder.

A process forked this way has another parent than the caller (`WarmServer.parents` tells whose it
is). Tests of the start itself, and those that restrict a process from outside, use
`sys.executable`.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import io
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

_CLIENT: Final = """#!{python} -ISB
import json, os, signal, socket, sys
REAL, SERVER = {python!r}, {server!r}
def cold():
    os.execv(REAL, [REAL, *sys.argv[1:]])
paths = os.environ.get("PYTHONPATH", "").split(":")
if any(os.path.exists(os.path.join(path, "sitecustomize.py")) for path in paths):
    cold()
unusual = {{"PYTHONIOENCODING", "PYTHONUTF8", "PYTHONSTARTUP", "COVERAGE_PROCESS_START"}}
locale = os.environ.get("LC_ALL") or os.environ.get("LANG") or "C.UTF-8"
if unusual & set(os.environ) or not locale.upper().endswith(("UTF-8", "UTF8")):
    cold()
open_descriptors = []
for name in os.listdir("/proc/self/fd"):
    try:
        os.fstat(int(name))
    except OSError:
        continue
    open_descriptors.append(int(name))
link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
try:
    link.connect(SERVER)
except OSError:
    cold()
request = json.dumps({{
    "words": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd(),
    "descriptors": open_descriptors, "terminal": False,
}}).encode()
socket.send_fds(link, [len(request).to_bytes(4, "big")], open_descriptors)
link.sendall(request)
for number in open_descriptors:  # a pipe ends when its last writer closes it
    if number != link.fileno():
        os.close(number)
reply = link.makefile("rb")
pid = json.loads(reply.readline())["pid"]
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, lambda number, _frame: os.kill(pid, number))
line = reply.readline()
status = json.loads(line)["status"] if line else -signal.SIGKILL
if status < 0:
    if -status not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
os._exit(status)
"""
_MOST_DESCRIPTORS: Final = 200
_ABOVE: Final = 300  # descriptors are received below, and moved through numbers above


class WarmServer:
    """Starts the server, and ends it and all that it forked.

    Args:
        folder: an empty folder for the socket and the program.
        environment: of the server; the variables that C libraries read at their start hold for
            all processes.

    Attributes:
        python: the program that stands in for `python`.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        address = folder / "server"
        ready, theirs = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-B", "-P", __file__, str(address), str(theirs)],
            pass_fds=[theirs], env=environment, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs)
        with os.fdopen(ready, "rb") as pipe:
            assert pipe.read() == b"ready", "the server of warm processes does not start"
        self.python = folder / "python"
        self.python.write_text(_CLIENT.format(python=sys.executable, server=str(address)))
        self.python.chmod(0o755)
        self._address = str(address)
        self._parents = folder / "parents"

    @property
    def parents(self) -> dict[int, int]:
        """The processes that were forked, and on whose behalf."""
        lines = self._parents.read_text().splitlines() if self._parents.exists() else []
        return {int(child): int(caller) for child, caller in map(str.split, lines)}

    def close(self) -> None:
        """End the server."""
        self._process.kill()
        self._process.wait()

    def in_terminal(
        self, words: list[str], folder: Path, environment: dict[str, str], terminal: int
    ) -> WarmProcess:
        """Start a process whose controlling terminal is a descriptor.

        Args:
            words: the arguments of `python`.
            folder: its working directory.
            environment: its environment.
            terminal: a descriptor of a terminal that controls no session yet.
        """
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        link.connect(self._address)
        request = {
            "words": words,
            "environment": environment,
            "folder": str(folder),
            "descriptors": [0, 1, 2],
            "terminal": True,
        }
        data = json.dumps(request).encode()
        socket.send_fds(link, [len(data).to_bytes(4, "big")], [terminal] * 3)
        link.sendall(data)
        return WarmProcess(link)


class WarmProcess:
    """A process that the server forked, with the interface of `subprocess.Popen`.

    Args:
        link: connected to the server; it ends with the process.
    """

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._replies = link.makefile("rb")
        self.pid: int = json.loads(self._replies.readline())["pid"]
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit status (negative: the signal), or None while it runs."""
        if self.returncode is None and select.select([self._link], [], [], 0)[0]:
            self._read()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status.

        Raises:
            subprocess.TimeoutExpired: it still runs after `timeout` seconds.
        """
        if self.returncode is None:
            if not select.select([self._link], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("warm process", timeout or 0)
            self._read()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _read(self) -> None:
        line = self._replies.readline()
        self.returncode = json.loads(line)["status"] if line else -signal.SIGKILL
        self._replies.close()
        self._link.close()


# The server


def serve(address: str, ready: int) -> tuple[dict[str, Any], list[int]]:
    """Fork a process for each request; returns in such a process, with its request."""
    import numpy as np  # noqa: F401, PLC0415 - here, so that tests can import this module quickly
    import torch  # noqa: PLC0415
    import torch._dynamo  # noqa: F401, PLC0415

    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(address)
    listener.listen(64)
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    gc.collect()
    gc.freeze()
    os.write(ready, b"ready")
    os.close(ready)
    parent = os.getppid()
    links: dict[int, socket.socket] = {}
    while os.getppid() == parent:
        readable, _, _ = select.select([listener, wake, *links.values()], [], [], 5)
        if wake in readable:
            os.read(wake, 4096)
        for pid, link in list(links.items()):
            if link in readable and not _peek(link):  # the caller was killed
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                link.close()
                del links[pid]
        _reap(links)
        if listener not in readable:
            continue
        link, _address = listener.accept()
        try:
            size, descriptors, _flags, _from = socket.recv_fds(link, 4, _MOST_DESCRIPTORS)
            request = json.loads(_read_exactly(link, int.from_bytes(size, "big")))
        except (OSError, ValueError):
            link.close()
            continue
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (listener, link, *links.values()):
                each.close()
            os.close(wake)
            os.close(woken)
            return request, descriptors
        for descriptor in descriptors:
            os.close(descriptor)
        links[pid] = link
        with Path(address).with_name("parents").open("a") as parents:
            parents.write(f"{pid} {_caller(link)}\n")
        _tell(link, {"pid": pid})
    sys.exit()


def _caller(link: socket.socket) -> int:
    credentials = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid: int = struct.unpack("3i", credentials)[0]
    return pid


def _peek(link: socket.socket) -> bytes:
    try:
        return link.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return b"?"
    except OSError:
        return b""


def _read_exactly(link: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = link.recv(size - len(data))
        if not part:
            raise ValueError("incomplete request")
        data += part
    return data


def _reap(links: dict[int, socket.socket]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        link = links.pop(pid, None)
        if link is not None:
            _tell(link, {"status": os.waitstatus_to_exitcode(status)})
            link.close()


def _tell(link: socket.socket, reply: dict[str, int]) -> None:
    with contextlib.suppress(OSError):
        link.sendall(json.dumps(reply).encode() + b"\n")


# A forked process


def become(request: dict[str, Any], received: list[int]) -> None:
    """Take the descriptors, environment and folder of a request, and a session of one's own."""
    wanted = request["descriptors"]
    high = [os.dup2(number, _ABOVE + at) for at, number in enumerate(received)]
    os.closerange(3, _ABOVE)
    for number in {0, 1, 2} - set(wanted):
        with contextlib.suppress(OSError):
            os.close(number)
    for number, target in zip(high, wanted, strict=True):
        os.dup2(number, target)
    os.closerange(_ABOVE, _ABOVE + len(high))
    os.setsid()
    if request["terminal"]:
        import fcntl  # noqa: PLC0415
        import termios  # noqa: PLC0415

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.stdin, sys.stdout, sys.stderr = (_text(number) for number in range(3))


def _text(number: int) -> Any:
    """Open a standard stream as Python does at its start."""
    try:
        os.fstat(number)
    except OSError:
        return None
    raw = os.fdopen(number, "rb" if number == 0 else "wb", closefd=False)
    errors = "backslashreplace" if number == 2 else "surrogateescape"
    return io.TextIOWrapper(
        raw, encoding="utf-8", errors=errors, line_buffering=number == 2 or os.isatty(number)
    )


@contextlib.contextmanager
def _warm_children(python: str) -> Iterator[None]:
    """Let this process start warm Python processes, too."""
    start = subprocess.Popen.__init__

    def warm(self: Any, words: Any, *arguments: Any, **options: Any) -> None:
        if isinstance(words, list) and words and words[0] == sys.executable:
            words = [python, *words[1:]]
        start(self, words, *arguments, **options)

    subprocess.Popen.__init__ = warm  # type: ignore[method-assign]
    import multiprocessing.spawn  # noqa: PLC0415

    multiprocessing.spawn.set_executable(python)
    yield


def run(words: list[str], environment: dict[str, str]) -> None:
    """Run what the arguments of `python` name: `-c CODE`, `-m MODULE` or a file."""
    isolated = False
    while words and words[0].startswith("-") and words[0] not in ("-c", "-m"):
        isolated = isolated or "I" in words[0]
        words = words[1:]
    paths = [] if isolated else [*filter(None, environment.get("PYTHONPATH", "").split(":"))]
    kind, rest = (words[0], words[1:]) if words[0] in ("-c", "-m") else ("", words)
    first = {"-c": "", "-m": str(Path.cwd())}.get(kind, str(Path(rest[0]).parent) if rest else "")
    sys.path[:0] = paths if isolated else [first, *paths]
    if kind == "-m":
        sys.argv = ["-m", *rest[1:]]
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        return
    if kind == "-c":
        sys.argv = ["-c", *rest[1:]]
        main = types.ModuleType("__main__")
        sys.modules["__main__"] = main
        exec(compile(rest[0], "<string>", "exec"), main.__dict__)
        return
    sys.argv = rest
    runpy.run_path(rest[0], run_name="__main__")


def _status(request: dict[str, Any], python: str) -> int:
    """Run a request, and return the exit status as Python's own start would."""
    try:
        with _warm_children(python):
            run(request["words"], request["environment"])
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        sys.stderr.write(f"{error.code}\n")
        return 1
    except KeyboardInterrupt:
        return -signal.SIGINT
    except BaseException:  # noqa: BLE001 - it is printed
        traceback.print_exc()
        return 1
    return 0


def _end(status: int) -> NoReturn:
    """End as Python does, but leave the memory to the kernel: freeing torch takes a second."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            status = status or 120
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def main() -> NoReturn:
    """Serve; then, in a forked process, become what was requested."""
    address = sys.argv[1]
    sys.path.pop(0) if sys.path[0] == str(Path(__file__).parent) else None
    request, received = serve(address, int(sys.argv[2]))
    become(request, received)
    atexit._clear()
    _end(_status(request, str(Path(address).parent / "python")))


if __name__ == "__main__":
    main()
