"""What a worker must be able to read: Python, its packages and the system's libraries."""

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
    # How many processors there are and what they can do, for the libraries that pick their fastest
    # code by it. Of /proc only this process's own part: another's holds its memory.
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/self",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
)


def readable_paths() -> list[str]:
    """Return the paths that a worker reads, for `confine`; some may not exist here.

    Of a virtual environment only its packages count, not the folder around them: a learner may
    have made it out of the course folder itself. `/proc/self` is to be resolved by the process
    that confines itself, so pass the list on as it is.
    """
    names = (sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix)
    prefixes = [Path(name) for name in dict.fromkeys(names)]
    found = [prefix / "pyvenv.cfg" for prefix in prefixes]
    found += [prefix / name for prefix in prefixes for name in _LIBRARY_FOLDERS]
    found.append(Path(os.__file__).parent)  # the standard library, wherever it was put
    found += [Path(entry) for entry in sys.path if Path(entry).name in _PACKAGE_FOLDERS]
    return list(dict.fromkeys([*map(str, found), *_SYSTEM]))
