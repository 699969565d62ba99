"""Folders of a data loader's own, in place of those that all processes of a machine share.

A loader needs shared memory, scratch files and Unix sockets. Given a mount namespace of its own it
has them to itself: they are bounded, gone with its last process, and where other programs listen
(`/run`, `/tmp`) it finds nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from torchkata.isolation import libc

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
    place = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    try:
        others = [path for path in readable if path != folder and not path.startswith("/proc/")]
        kept = [os.path.realpath(path) for path in others]
        for shared in dict.fromkeys(map(os.path.realpath, _SHARED)):
            if Path(shared).is_dir() and not any(path.startswith(f"{shared}/") for path in kept):
                _cover(shared, _SIZES.get(shared, _SMALL))
        Path(folder).mkdir(parents=True, exist_ok=True)
        libc.mount(f"/proc/self/fd/{place}", folder, None, _BIND)
        _cover(f"{folder}/tmp", _SCRATCH)  # noqa: S108 - within the judge's folder
    finally:
        os.close(place)
    libc.drop_capabilities()
    return "private folders"


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
