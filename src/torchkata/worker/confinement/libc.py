"""Calls into the C library that Python has no function for."""

from __future__ import annotations

import ctypes
import functools
import os
import struct

from torchkata.worker.confinement import syscalls

_CAPABILITIES = 0x20080522  # the version of the structure


def call(name: str, *arguments: int | bytes | None) -> int:
    """Make one of the system calls that set up confinement; return its result.

    Args:
        name: one of `syscalls.CONFINING`.
        arguments: integers, packed structures as bytes, None for a null pointer.

    Raises:
        OSError: the kernel refused, or this architecture is not in the tables.
    """
    arch = syscalls.architecture()
    if arch is None:
        raise OSError(f"the system call {name} is supported on Linux x86-64 and aarch64 only")
    number = syscalls.CONFINING[name][arch.column]
    return _checked(_libc().syscall(*map(_c_value, (number, *arguments))), name)


def prctl(option: int, *arguments: int) -> int:
    """Set or query a property of the current process; return the result.

    Raises:
        OSError: the kernel refused.
    """
    padded = (option, *arguments, 0, 0, 0, 0)[:5]  # the kernel requires zeros
    return _checked(_libc().prctl(*map(_c_value, padded)), "prctl")


def unshare(flags: int) -> None:
    """Move this process into new namespaces.

    Args:
        flags: the kinds of namespaces.

    Raises:
        OSError: the kernel refused.
    """
    _checked(_libc().unshare(flags), "unshare")


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """Mount a file system, or change a mount.

    Raises:
        OSError: the kernel refused.
    """
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    number = ctypes.c_ulong(flags)
    _checked(_libc().mount(*texts, number, data.encode() or None), f"mount {target}")


def drop_capabilities() -> None:
    """Drop all capabilities.

    Raises:
        OSError: the kernel refused.
    """
    _checked(_libc().capset(struct.pack("=Ii", _CAPABILITIES, 0), bytes(24)), "capset")


@functools.cache
def _libc() -> ctypes.CDLL:
    """Return the C library of this process."""
    return ctypes.CDLL(None, use_errno=True)


def _c_value(value: int | bytes | None) -> ctypes.c_long | ctypes.c_char_p:
    """Return the value at the full width of a register; ctypes would pass 32 bits."""
    return ctypes.c_long(value) if isinstance(value, int) else ctypes.c_char_p(value)


def _checked(result: int, name: str) -> int:
    """Return the result of a C call, or raise the error in `errno`."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{os.strerror(code)} ({name})")
    return result
