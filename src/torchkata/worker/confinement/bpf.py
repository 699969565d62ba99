"""Programs for the kernel's system call filter (BPF)."""

from __future__ import annotations

import errno
import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Instruction(NamedTuple):
    """One instruction of a filter program.

    Attributes:
        code: the operation.
        if_true: how many instructions to skip if a comparison is true.
        if_false: how many to skip if it is false.
        operand: the number to compare with, the offset to load from, or the verdict.
    """

    code: int
    if_true: int
    if_false: int
    operand: int


LOAD = 0x20
IF_EQUAL = 0x15
IF_AT_LEAST = 0x35
IF_ANY_BIT = 0x45
RETURN = 0x06

# Offsets in the structure that the kernel passes to the filter.
NUMBER_AT = 0
ARCHITECTURE_AT = 4
_ARGUMENTS_AT = 16
_ARGUMENT_SIZE = 8
HIGH_HALF = 4

KILL_PROCESS = 0x80000000
FAIL_WITH = 0x00050000
ALLOW = Instruction(RETURN, 0, 0, 0x7FFF0000)
DENY = Instruction(RETURN, 0, 0, FAIL_WITH | errno.EPERM)
NO_SUCH_CALL = Instruction(RETURN, 0, 0, FAIL_WITH | errno.ENOSYS)


def argument(index: int, *, half: int = 0) -> Instruction:
    """Return the instruction that loads one half of an argument of the call."""
    return Instruction(LOAD, 0, 0, _ARGUMENTS_AT + _ARGUMENT_SIZE * index + half)


def if_equal(value: int, verdict: Instruction) -> list[Instruction]:
    """Return the test that gives the verdict if the loaded value equals `value`."""
    return [Instruction(IF_EQUAL, 0, 1, value), verdict]


def unless_equal(value: int, verdict: Instruction) -> list[Instruction]:
    """Return the test that gives the verdict if the loaded value differs from `value`."""
    return [Instruction(IF_EQUAL, 1, 0, value), verdict]


def if_any_bit(bits: int, verdict: Instruction) -> list[Instruction]:
    """Return the test that gives the verdict if the loaded value has any of the bits."""
    return [Instruction(IF_ANY_BIT, 0, 1, bits), verdict]


def packed(steps: Iterable[Instruction]) -> bytes:
    """Return the program as the bytes that the kernel reads."""
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
