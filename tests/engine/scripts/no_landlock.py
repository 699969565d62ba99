"""Run a command as on a kernel without Landlock: `no_landlock.py COMMAND ...`."""

import ctypes
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "src"))

from torchkata.worker.confinement import bpf, libc, syscalls

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2


class Program(ctypes.Structure):
    """What the kernel calls sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]


arch = syscalls.architecture()
number = syscalls.CONFINING["landlock_create_ruleset"][arch.column]
steps = [
    bpf.Instruction(bpf.LOAD, 0, 0, bpf.NUMBER_AT),
    *bpf.if_equal(number, bpf.NO_SUCH_CALL),
    bpf.ALLOW,
]
code = ctypes.create_string_buffer(bpf.packed(steps))
program = Program(len(steps), ctypes.addressof(code))
libc.prctl(PR_SET_NO_NEW_PRIVS, 1)
libc.prctl(PR_SET_SECCOMP, FILTER, ctypes.addressof(program))
os.execvp(sys.argv[1], sys.argv[1:])
