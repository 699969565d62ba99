"""The paths that a worker must read: Python, its packages and the system's libraries."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_PACKAGE_FOLDERS = ("site-packages", "dist-packages")
_LIBRARY_FOLDERS = ("lib", "lib32", "lib64")

_SYSTEM = (
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/local/lib",
    "/nix/store",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/locale",
    "/usr/share/zoneinfo",
    "/dev/null",
    "/dev/urandom",
    # The number of CPU cores and their features, from which libraries choose their fastest code.
    # Only this process's part of /proc: that of another process contains its memory.
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/self",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
)


def readable_paths() -> list[str]:
    """Return the paths that a worker reads, for `confine`; some may not exist on this system.

    Only the packages of a virtual environment are included, not its folder: a learner may have
    created it in the course folder itself. `/proc/self` must be resolved by the process that
    confines itself, so pass the list on unchanged.
    """
    names = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
    prefixes = [Path(name) for name in dict.fromkeys(names)]
    paths = [prefix / "pyvenv.cfg" for prefix in prefixes]
    paths += [prefix / name for prefix in prefixes for name in _LIBRARY_FOLDERS]
    paths.append(Path(os.__file__).parent)  # the standard library, wherever it is installed
    paths += [Path(entry) for entry in sys.path if Path(entry).name in _PACKAGE_FOLDERS]
    return list(dict.fromkeys([*map(str, paths), *_SYSTEM]))
