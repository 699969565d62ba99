"""Seccomp: a filter that the kernel runs on each system call of the process.

The filter lists what is denied, because the calls that torch needs vary by version, machine and
library. Calls that are newer than the tables fail with "no such call", so a new kernel adds no
way out.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct
from typing import TYPE_CHECKING

from torchkata.worker.confinement import bpf, libc, syscalls
from torchkata.worker.confinement.bpf import (
    ALLOW,
    DENY,
    HIGH_HALF,
    NO_SUCH_CALL,
    Instruction,
    argument,
    if_any_bit,
    if_equal,
    unless_equal,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torchkata.worker.confinement.syscalls import Architecture

_CLONE_THREAD = 0x00010000
_CLONE_DENIED = {
    "CLONE_PTRACE": 0x00002000,
    "CLONE_PARENT": 0x00008000,  # creates a sibling, which would outlive this process
    "CLONE_UNTRACED": 0x00800000,
    "CLONE_NEWNS": 0x00020000,
    "CLONE_NEWCGROUP": 0x02000000,
    "CLONE_NEWUTS": 0x04000000,
    "CLONE_NEWIPC": 0x08000000,
    "CLONE_NEWUSER": 0x10000000,
    "CLONE_NEWPID": 0x20000000,
    "CLONE_NEWNET": 0x40000000,
}

_READ_ONLY_MASK = 0b11
_TRUNCATE = 0o1000  # the same on both architectures

_PRCTL_ALLOWED = {
    "PR_GET_DUMPABLE": 3,
    "PR_SET_NAME": 15,
    "PR_GET_NAME": 16,
    "PR_GET_SECCOMP": 21,
    "PR_GET_TIMERSLACK": 30,
    "PR_GET_NO_NEW_PRIVS": 39,
    "PR_SET_VMA": 0x53564D41,  # the allocator labels its memory with it
}
# Set which process gets a file's signals, and which: a way to send any signal to any process.
_FCNTL_DENIED = {"F_SETOWN": 8, "F_SETSIG": 10, "F_SETOWN_EX": 15, "F_NOTIFY": 1026}
_IOCTL_DENIED = {
    "TIOCSTI": 0x5412,  # types into the terminal
    "TIOCLINUX": 0x541C,  # does so, too, by pasting
    "TIOCSCTTY": 0x540E,
    "TIOCSPGRP": 0x5410,
    "FIOSETOWN": 0x8901,  # F_SETOWN by another name
    "SIOCSPGRP": 0x8902,
}

_SET_MODE_FILTER = 1
_GET_ACTION_AVAILABLE = 2
_SPECTRE_ALLOW = 1 << 2


def check() -> None:
    """Check that this kernel accepts such a filter.

    Raises:
        OSError: it does not.
    """
    libc.call("seccomp", _GET_ACTION_AVAILABLE, 0, struct.pack("=I", bpf.FAIL_WITH))


def restrict(*, allow_processes: bool, signals_scoped: bool) -> None:
    """Filter the current thread's system calls permanently; `no_new_privs` must be set.

    Args:
        allow_processes: whether to allow forks and Unix sockets, which data loaders need.
        signals_scoped: whether Landlock blocks signals to processes outside the confinement.

    Raises:
        OSError: the kernel refused, or this architecture is not in the tables.
    """
    arch = syscalls.architecture()
    if arch is None:
        raise OSError("the filter supports Linux x86-64 and aarch64 only")
    steps = program(
        arch, os.getpid(), allow_processes=allow_processes, signals_scoped=signals_scoped
    )
    code = ctypes.create_string_buffer(bpf.packed(steps))
    header = struct.pack("@HP", len(steps), ctypes.addressof(code))
    try:
        # The flag keeps the CPU at full speed: kernels before 5.16 otherwise enable mitigations for
        # side channels, which are slow, and this process's memory holds no secret.
        libc.call("seccomp", _SET_MODE_FILTER, _SPECTRE_ALLOW, header)
    except OSError as error:
        if error.errno != errno.EINVAL:  # the flag is newer than the call
            raise
        libc.call("seccomp", _SET_MODE_FILTER, 0, header)


def program(
    arch: Architecture, pid: int, *, allow_processes: bool, signals_scoped: bool
) -> list[Instruction]:
    """Return the filter program for the process `pid` on `arch`."""
    denied: dict[str, tuple[int, int | None]] = {
        **syscalls.ESCAPES,
        **syscalls.IDENTITY,
        **syscalls.OTHERS,
        **syscalls.SCHEDULING,
        **syscalls.FILES,
        **syscalls.MOUNTS,
        **syscalls.IPC,
        **syscalls.KERNEL,
    }
    if not allow_processes:
        denied |= {**syscalls.NETWORK, **syscalls.PROCESSES}
    bodies = _inspected(pid, allow_processes=allow_processes)
    if not (allow_processes and signals_scoped):
        own_only = [argument(0), *if_equal(pid, ALLOW), DENY]
        bodies |= dict.fromkeys(syscalls.SIGNALS, own_only)
    tables = {**syscalls.INSPECTED, **syscalls.SIGNALS, **syscalls.NETWORK}

    steps = [
        Instruction(bpf.LOAD, 0, 0, bpf.ARCHITECTURE_AT),
        Instruction(bpf.IF_EQUAL, 1, 0, arch.audit),
        Instruction(bpf.RETURN, 0, 0, bpf.KILL_PROCESS),  # 32-bit calls have other numbers
        Instruction(bpf.LOAD, 0, 0, bpf.NUMBER_AT),
        Instruction(bpf.IF_AT_LEAST, 0, 1, syscalls.FIRST_UNKNOWN),  # so are all x32 calls
        NO_SUCH_CALL,
    ]
    for number in syscalls.numbers(denied, arch):
        steps += if_equal(number, DENY)
    for number in syscalls.numbers(syscalls.ABSENT, arch):
        steps += if_equal(number, NO_SUCH_CALL)
    for name, body in bodies.items():
        for number in syscalls.numbers({name: tables[name]}, arch):
            steps += [Instruction(bpf.IF_EQUAL, 0, len(body), number), *body]
    return [*steps, ALLOW]


def _inspected(pid: int, *, allow_processes: bool) -> dict[str, list[Instruction]]:
    """Return the tests for each call whose verdict depends on its arguments.

    If the kernel takes a 32-bit number, only the low half of the argument is tested, because the
    kernel drops the other half.
    """
    bodies = {
        "clone": [
            argument(0),
            *if_any_bit(sum(_CLONE_DENIED.values()), DENY),
            *([] if allow_processes else [*if_any_bit(_CLONE_THREAD, ALLOW), DENY]),
            ALLOW,
        ],
        "prctl": [
            argument(0),
            *(step for option in _PRCTL_ALLOWED.values() for step in if_equal(option, ALLOW)),
            DENY,
        ],
        # Reading its own limits is allowed, setting any is not: the pointer to new limits must be
        # null, in both halves.
        "prlimit64": [
            argument(2),
            *unless_equal(0, DENY),
            argument(2, half=HIGH_HALF),
            *unless_equal(0, DENY),
            argument(0),
            *if_equal(0, ALLOW),
            *if_equal(pid, ALLOW),
            DENY,
        ],
        "ioctl": _deny_when(1, _IOCTL_DENIED.values()),
        "fcntl": _deny_when(1, _FCNTL_DENIED.values()),
        "open": _deny_truncating_reader(1),
        "openat": _deny_truncating_reader(2),
    }
    if allow_processes:
        unix_only = [argument(0), *if_equal(socket.AF_UNIX, ALLOW), DENY]
        bodies |= {"socket": unix_only, "socketpair": unix_only}
    return bodies


def _deny_when(index: int, values: Iterable[int]) -> list[Instruction]:
    """Return the tests that deny an argument that is one of the values."""
    tests = [step for value in values for step in if_equal(value, DENY)]
    return [argument(index), *tests, ALLOW]


def _deny_truncating_reader(index: int) -> list[Instruction]:
    """Return the tests that deny O_TRUNC with O_RDONLY, which Landlock before version 3 allows."""
    emptying = [*if_any_bit(_READ_ONLY_MASK, ALLOW), DENY]
    skip_unless = Instruction(bpf.IF_ANY_BIT, 0, len(emptying), _TRUNCATE)
    return [argument(index), skip_unless, *emptying, ALLOW]
