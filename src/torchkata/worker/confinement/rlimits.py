"""Resource limits: how much memory, time, disk and how many descriptors the process may take."""

from __future__ import annotations

from dataclasses import dataclass

try:
    import resource
except ImportError:  # Windows has no such module
    resource = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a confined process may take.

    Args:
        address_space: bytes of virtual memory, None for no limit.
        cpu_seconds: processor time of all threads together, None for no limit.
        file_size: bytes to which a file may grow.
        open_files: descriptors, those already open included.
    """

    address_space: int | None = 4 << 30
    cpu_seconds: int | None = 600
    file_size: int = 1 << 20
    open_files: int = 64


def limits_known() -> bool:
    """Return whether this platform has resource limits."""
    return resource is not None


def limit(limits: Limits) -> list[str]:
    """Limit the current process for good; a lower limit that is already there stays.

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
        # A second between the two: the first ends the process by a signal that names the cause,
        # the second ends one that ignores it.
        wanted.append(("RLIMIT_CPU", limits.cpu_seconds, limits.cpu_seconds + 1))
    if limits.address_space is not None:
        wanted.append(("RLIMIT_AS", limits.address_space, limits.address_space))
    return wanted
