"""What tests of the engine do by hand: run the command line, and look for its processes."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from warm import WarmServer

from torchkata.result import ExerciseResult
from torchkata.sandbox import zygote_client

LIMIT = 2.0  # seconds that a request may take, where a test waits for the end of it
Judge = Callable[..., ExerciseResult]

_warm: list[WarmServer] = []


def start_warm_server(folder: Path) -> WarmServer:
    """Start the server that `python` uses, and let this process use it for its own children."""
    environment = zygote_client._environment() | {"PATH": os.environ["PATH"]}
    server = WarmServer(folder, environment)
    _warm.append(server)
    cold = zygote_client._python
    zygote_client._python = lambda statement: [python(), *cold(statement)[1:]]
    multiprocessing.set_executable(python())
    return server


def python() -> str:
    """Return the program that runs Python code in a process that has imported torch already."""
    return str(_warm[-1].python) if _warm else sys.executable


def warm_server() -> WarmServer | None:
    """Return the server, if this platform has one."""
    return _warm[-1] if _warm else None


def torchkata(
    root: Path, *words: str, timeout: float = 60, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line on a course, as a learner does."""
    return subprocess.run(
        [python(), "-m", "torchkata", *words],
        cwd=root,
        env={**os.environ, "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def descendants(pid: int) -> set[int]:
    """Every living process that `pid` or one of its children has started."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "stat").read_text().rpartition(")")[2].split()
            except (OSError, IndexError):
                continue  # it ended while we were looking
            if words[0] != "Z":
                parents[int(entry.name)] = int(words[1])
    for server in _warm:
        parents |= {pid: caller for pid, caller in server.parents.items() if pid in parents}
    found, fresh = set(), {pid}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def living(pids: set[int]) -> set[int]:
    """Those of `pids` that still run."""
    alive = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            alive.add(pid)
    return alive


def wait_for(condition: Callable[[], object], seconds: float = 20) -> bool:
    """Wait until something holds; say whether it came to hold."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def git(root: Path, *words: str) -> str:
    """Run git as somebody, whatever this machine's own settings are."""
    who = {f"GIT_{role}_{part}": "a@b.example" for role in ("AUTHOR", "COMMITTER")
           for part in ("NAME", "EMAIL")}  # fmt: skip
    done = subprocess.run(
        ["git", "-C", str(root), *words],
        env={**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit(root: Path, message: str = "more") -> str:
    """Commit everything below `root`, in a repository that is made where there is none."""
    if not (root / ".git").exists():
        git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD")
