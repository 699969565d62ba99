"""Folders of a data loader's own, in place of those that all processes of a machine share.

A loader needs shared memory, scratch files and Unix sockets. Given a mount namespace of its own it
has them to itself: they are bounded, gone with its last process, and where other programs listen
(`/run`, `/tmp`) it finds nothing.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from torchkata.worker.confinement import libc

try:
    import resource
except ImportError:  # Windows has no such module
    resource = None  # type: ignore[assignment]

_NEW_MOUNTS: Final = 0x00020000
_NEW_USER: Final = 0x10000000
_BIND: Final = 0x1000
_PRIVATE: Final = 1 << 18
_WITH_ALL_BELOW: Final = 0x4000
_PLAIN_FILES: Final = 0b110  # no set-user-id, no devices

_SHARED: Final = ("/dev/shm", "/tmp", "/var/tmp", "/run", "/var/run")  # noqa: S108 - to be covered
_SIZES: Final = {"/dev/shm": "512m"}  # noqa: S108 - likewise
_COUNTED_BY_NAMESPACE: Final = (5, 14)
_SCRATCH: Final = "256m"
_SMALL: Final = "16m"
MOST_PROCESSES: Final = 64


def folders(folder: str, readable: Sequence[str]) -> str:
    """Cover the shared folders with empty ones, but for `folder`; the process gets no privilege.

    Args:
        folder: what the judge made for this loader; its `tmp` becomes bounded too.
        readable: what must stay in sight.

    Returns:
        The name of the measure.

    Raises:
        OSError: the kernel has no namespaces, or does not give them to this user.
    """
    _unshare()
    libc.mount(None, "/", None, _PRIVATE | _WITH_ALL_BELOW)
    covered = [
        path for path in dict.fromkeys(map(os.path.realpath, _SHARED)) if Path(path).is_dir()
    ]
    others = [path for path in readable if path != folder and not path.startswith("/proc/")]
    places: dict[str, int] = {}
    try:
        for path in [*_below(covered, others), folder]:
            places[path] = os.open(path, os.O_PATH | os.O_CLOEXEC)
        for path in covered:
            _cover(path, _SIZES.get(path, _SMALL))
        for path, place in places.items():
            _bring_back(path, place)
        _cover(f"{folder}/tmp", _SCRATCH)  # noqa: S108 - within the judge's folder
    finally:
        for place in places.values():
            os.close(place)
    libc.drop_capabilities()
    return "private folders"


def _below(covered: Sequence[str], paths: Sequence[str]) -> list[str]:
    """Those of the paths that would be out of sight, without what lies in another one of them."""
    every = sorted({name for path in paths for name in (path, os.path.realpath(path))})
    hidden = [path for path in every if any(path.startswith(f"{top}/") for top in covered)]
    return [
        path
        for path in hidden
        if Path(path).exists() and not any(path.startswith(f"{other}/") for other in hidden)
    ]


def _bring_back(path: str, place: int) -> None:
    """Put what a descriptor stands for where it was."""
    if stat.S_ISDIR(os.fstat(place).st_mode):
        Path(path).mkdir(parents=True, exist_ok=True)
    else:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    libc.mount(f"/proc/self/fd/{place}", path, None, _BIND)


def bound_processes() -> str:
    """Bound the number of processes; for root the kernel does not count them.

    Raises:
        OSError: this is root, or the kernel refused.
    """
    if resource is None or os.getuid() == 0:
        raise OSError("the kernel does not count root's")
    release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    if release < _COUNTED_BY_NAMESPACE:
        raise OSError("this kernel counts all of the user's processes together")
    resource.setrlimit(resource.RLIMIT_NPROC, (MOST_PROCESSES, MOST_PROCESSES))
    return f"at most {MOST_PROCESSES} processes"


def _unshare() -> None:
    """Enter a mount namespace: as root as it is, as anybody else by a user namespace."""
    user, group = os.getuid(), os.getgid()
    if user == 0:
        libc.unshare(_NEW_MOUNTS)
        return
    libc.unshare(_NEW_MOUNTS | _NEW_USER)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - no path
            file.write(text)


def _cover(path: str, size: str) -> None:
    libc.mount("tmpfs", path, "tmpfs", _PLAIN_FILES, f"size={size},nr_inodes=10k,mode=1777")
