"""Resource limits: memory, CPU time, file sizes and descriptors of the process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

try:
    import resource
except ImportError:  # Windows has no such module
    resource = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How many resources a confined process may use.

    Attributes:
        address_space: bytes of virtual memory beyond what the process maps when it is limited,
            because builds of PyTorch map 0.7 to 5 GiB; None for no limit.
        cpu_seconds: CPU time of all threads together; None for no limit.
        file_size: bytes to which a file may grow.
        open_files: descriptors, including those that are already open.
    """

    address_space: int | None = 4 << 30
    cpu_seconds: int | None = 600
    file_size: int = 1 << 20
    open_files: int = 64


def limits_known() -> bool:
    """Return whether this platform has resource limits."""
    return resource is not None


def limit(limits: Limits) -> list[str]:
    """Limit the current process permanently; a limit that is already lower stays.

    Returns:
        The limits that could not be set, each with its reason.
    """
    refused = []
    for name, soft, hard in _wanted(limits):
        try:
            which = getattr(resource, name)
            ceiling = resource.getrlimit(which)[1]
            if ceiling != resource.RLIM_INFINITY:
                soft, hard = min(soft, ceiling), min(hard, ceiling)  # noqa: PLW2901 - it reads best
            resource.setrlimit(which, (soft, hard))
        except (AttributeError, OSError, ValueError) as error:
            refused.append(f"{name}: {error}")
    return refused


def _wanted(limits: Limits) -> list[tuple[str, int, int]]:
    """Return each limit's name with its soft and its hard value."""
    wanted = [
        ("RLIMIT_CORE", 0, 0),
        ("RLIMIT_FSIZE", limits.file_size, limits.file_size),
        ("RLIMIT_NOFILE", limits.open_files, limits.open_files),
    ]
    if limits.cpu_seconds is not None:
        # The first limit ends the process with a signal that names the cause; the second, a second
        # later, ends a process that ignores the signal.
        wanted.append(("RLIMIT_CPU", limits.cpu_seconds, limits.cpu_seconds + 1))
    if limits.address_space is not None:
        most = mapped_bytes() + limits.address_space
        wanted.append(("RLIMIT_AS", most, most))
    return wanted


def mapped_bytes() -> int:
    """Return how much virtual memory this process maps; 0 if the platform does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
