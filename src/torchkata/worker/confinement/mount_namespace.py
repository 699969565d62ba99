"""Private folders for a data loader, instead of those that all processes of a machine share.

A loader needs shared memory, scratch files and Unix sockets. In its own mount namespace it has
private ones: they are bounded, they disappear with its last process, and the sockets of other
programs (in `/run` and `/tmp`) are invisible.
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

_SHARED: Final = ("/dev/shm", "/tmp", "/var/tmp", "/run", "/var/run")  # noqa: S108 - hidden
_SIZES: Final = {"/dev/shm": "512m"}  # noqa: S108 - likewise
_COUNTED_BY_NAMESPACE: Final = (5, 14)
_SCRATCH: Final = "256m"
_SMALL: Final = "16m"
MOST_PROCESSES: Final = 64


def private_folders(folder: str, readable: Sequence[str]) -> str:
    """Hide the shared folders behind empty ones, except `folder`; drop all privileges.

    Args:
        folder: the folder that the judge created for this loader; its `tmp` becomes bounded, too.
        readable: paths that must stay visible.

    Returns:
        The name of the measure.

    Raises:
        OSError: the kernel has no namespaces, or does not allow this user to create them.
    """
    _enter_namespace()
    libc.mount(None, "/", None, _PRIVATE | _WITH_ALL_BELOW)
    hidden = [path for path in dict.fromkeys(map(os.path.realpath, _SHARED)) if Path(path).is_dir()]
    others = [path for path in readable if path != folder and not path.startswith("/proc/")]
    descriptors: dict[str, int] = {}
    try:
        for path in [*_below(hidden, others), folder]:
            descriptors[path] = os.open(path, os.O_PATH | os.O_CLOEXEC)
        for path in hidden:
            _mount_empty(path, _SIZES.get(path, _SMALL))
        for path, descriptor in descriptors.items():
            _remount(path, descriptor)
        _mount_empty(f"{folder}/tmp", _SCRATCH)  # noqa: S108 - inside the judge's folder
    finally:
        for descriptor in descriptors.values():
            os.close(descriptor)
    libc.drop_capabilities()
    return "private folders"


def _below(tops: Sequence[str], paths: Sequence[str]) -> list[str]:
    """Return the paths below hidden folders, except those inside another such path."""
    every = sorted({name for path in paths for name in (path, os.path.realpath(path))})
    hidden = [path for path in every if any(path.startswith(f"{top}/") for top in tops)]
    return [
        path
        for path in hidden
        if Path(path).exists() and not any(path.startswith(f"{other}/") for other in hidden)
    ]


def _remount(path: str, descriptor: int) -> None:
    """Make a hidden file or folder visible again at its path."""
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        Path(path).mkdir(parents=True, exist_ok=True)
    else:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    libc.mount(f"/proc/self/fd/{descriptor}", path, None, _BIND)


def user_namespace() -> str:
    """Return the name of this process's user namespace; empty if the kernel does not tell."""
    try:
        return str(Path("/proc/self/ns/user").readlink())
    except OSError:
        return ""


def bound_processes(outer: str) -> str:
    """Bound the number of processes, if this one is in a new user namespace.

    Elsewhere, the kernel would count every process of the user, and a loader could start none.

    Args:
        outer: the user namespace that the process was started in.

    Returns:
        The name of the measure.

    Raises:
        OSError: this is root, for which the kernel does not count, there is no new namespace, or
            the kernel refused.
    """
    if resource is None or os.getuid() == 0:
        raise OSError("the kernel does not count the processes of root")
    release = tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])
    if release < _COUNTED_BY_NAMESPACE:
        raise OSError("this kernel counts all processes of the user together")
    if user_namespace() in ("", outer):
        raise OSError("without a new user namespace, the kernel counts all processes of the user")
    resource.setrlimit(resource.RLIMIT_NPROC, (MOST_PROCESSES, MOST_PROCESSES))
    return f"at most {MOST_PROCESSES} processes"


def _enter_namespace() -> None:
    """Enter a mount namespace; users other than root need a user namespace for it."""
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
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - not a regular file
            file.write(text)


def _mount_empty(path: str, size: str) -> None:
    libc.mount("tmpfs", path, "tmpfs", _PLAIN_FILES, f"size={size},nr_inodes=10k,mode=1777")
