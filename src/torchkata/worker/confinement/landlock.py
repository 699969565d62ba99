"""Landlock: restricts files and, on newer kernels, sockets and signals."""

from __future__ import annotations

import enum
import os
import stat
import struct
from typing import TYPE_CHECKING, NamedTuple

from torchkata.worker.confinement import libc

if TYPE_CHECKING:
    from collections.abc import Sequence


class Access(enum.IntFlag):
    """The kinds of access that a rule may allow below a path; the kernel's bits, oldest first."""

    EXECUTE = enum.auto()
    WRITE_FILE = enum.auto()
    READ_FILE = enum.auto()
    READ_DIR = enum.auto()
    REMOVE_DIR = enum.auto()
    REMOVE_FILE = enum.auto()
    MAKE_CHAR = enum.auto()
    MAKE_DIR = enum.auto()
    MAKE_REG = enum.auto()
    MAKE_SOCK = enum.auto()
    MAKE_FIFO = enum.auto()
    MAKE_BLOCK = enum.auto()
    MAKE_SYM = enum.auto()
    REFER = enum.auto()
    TRUNCATE = enum.auto()
    IOCTL_DEV = enum.auto()


class Handled(NamedTuple):
    """The kinds of access that a rule set forbids unless a rule allows them.

    Attributes:
        files: kinds of access to files.
        network: binding and connecting TCP sockets.
        scopes: abstract Unix sockets and signals outside the process's own domain.
    """

    files: Access
    network: int
    scopes: int

    def packed(self, abi: int) -> bytes:
        """Return the kernel's structure, at the length that this Landlock version expects."""
        fields = (self.files, self.network, self.scopes)
        return struct.pack("=QQQ", *fields)[: _length(abi)]


NETWORK_ABI = 4
SCOPES_ABI = 6
_SINCE = {Access.REFER: 2, Access.TRUNCATE: 3, Access.IOCTL_DEV: 5}

_BIND_AND_CONNECT = 0b11
_SOCKETS_AND_SIGNALS = 0b11

_READ = Access.EXECUTE | Access.READ_FILE | Access.READ_DIR
_CHANGE = (
    Access.READ_FILE
    | Access.READ_DIR
    | Access.WRITE_FILE
    | Access.TRUNCATE
    | Access.REMOVE_DIR
    | Access.REMOVE_FILE
    | Access.MAKE_DIR
    | Access.MAKE_REG
    | Access.MAKE_SOCK
    | Access.MAKE_FIFO
    | Access.MAKE_SYM
    | Access.REFER
)
_ON_ONE_FILE = (
    Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE | Access.TRUNCATE | Access.IOCTL_DEV
)

_ASK_VERSION = 1
_RULE_PATH_BENEATH = 1


def abi() -> int:
    """Return the kernel's Landlock version, 1 or higher.

    Raises:
        OSError: this kernel has no Landlock, or it is disabled.
    """
    return libc.call("landlock_create_ruleset", None, 0, _ASK_VERSION)


def handled(version: int) -> Handled:
    """Return everything that this Landlock version can restrict."""
    files = sum(bit for bit in Access if version >= _SINCE.get(bit, 1))
    return Handled(
        files=Access(files),
        network=_BIND_AND_CONNECT if version >= NETWORK_ABI else 0,
        scopes=_SOCKETS_AND_SIGNALS if version >= SCOPES_ABI else 0,
    )


def restrict(readable: Sequence[str], writable: Sequence[str]) -> int:
    """Restrict the current thread permanently; `no_new_privs` must be set.

    Paths that cannot be opened are skipped and therefore stay forbidden, because lists of paths
    include some that exist on some systems only.

    Args:
        readable: files and folders (with everything below) to allow reading and executing.
        writable: files and folders (with everything below) to allow reading and changing.

    Returns:
        The Landlock version in force.

    Raises:
        OSError: the kernel refused; nothing is restricted then.
    """
    version = abi()
    limits = handled(version)
    packed = limits.packed(version)
    rules = libc.call("landlock_create_ruleset", packed, len(packed), 0)
    try:
        for paths, access in ((readable, _READ), (writable, _CHANGE)):
            for path in paths:
                _allow(rules, path, access & limits.files)
        libc.call("landlock_restrict_self", rules, 0)
    finally:
        os.close(rules)
    return version


def _allow(rules: int, path: str, access: Access) -> None:
    """Add one rule if the path exists."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            access &= _ON_ONE_FILE  # the kernel rejects rights that only folders have
        rule = struct.pack("=Qi", access, descriptor)
        libc.call("landlock_add_rule", rules, _RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)


def _length(version: int) -> int:
    """Return how many bytes of the rule set's structure a version reads."""
    fields = 1 + (version >= NETWORK_ABI) + (version >= SCOPES_ABI)
    return fields * struct.calcsize("=Q")
