"""System calls: their numbers on each architecture.

Each table maps a name to its number on x86-64 and on aarch64; None if the architecture lacks the
call. The tables group the calls by the reason why a confined process may not make them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import NamedTuple

Numbers = Mapping[str, tuple[int, int | None]]

NETWORK: Numbers = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
}
"""Communicating with other machines, or with other programs on this one."""

PROCESSES: Numbers = {
    "fork": (57, None),
    "vfork": (58, None),
}
"""Creating processes; `clone` is decided by its flags."""

ESCAPES: Numbers = {
    "execve": (59, 221),
    "execveat": (322, 281),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "unshare": (272, 97),
    "setns": (308, 268),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "personality": (135, 92),
    "seccomp": (317, 277),
}
"""Becoming another program, or leaving the session, the root folder or the namespaces."""

IDENTITY: Numbers = {
    "setuid": (105, 146),
    "setgid": (106, 144),
    "setreuid": (113, 145),
    "setregid": (114, 143),
    "setresuid": (117, 147),
    "setresgid": (119, 149),
    "setfsuid": (122, 151),
    "setfsgid": (123, 152),
    "setgroups": (116, 159),
    "capset": (126, 91),
}
"""Changing user, group or privileges: unneeded, and it would clear the parent-death signal."""

SIGNALS: Numbers = {
    "kill": (62, 129),
    "tgkill": (234, 131),
}
"""Sending signals; the first argument is the target, and only the own process is allowed."""

OTHERS: Numbers = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "pidfd_getfd": (438, 438),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
}
"""Reading, stopping, signaling or moving another process."""

SCHEDULING: Numbers = {
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "setpriority": (141, 140),
    "ioprio_set": (251, 30),
    "setrlimit": (160, 164),
}
"""Taking CPU time from the judge, or raising a limit."""

FILES: Numbers = {
    "truncate": (76, 45),
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "inotify_init": (253, None),
    "inotify_init1": (294, 26),
    "inotify_add_watch": (254, 27),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
}
"""Access that Landlock does not cover: owner, mode, times and attributes of files, watching."""

MOUNTS: Numbers = {
    "mount": (165, 40),
    "umount2": (166, 39),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
}
"""Changing mounts, which root could do."""

IPC: Numbers = {
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "semctl": (66, 191),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
}
"""Shared objects with names outside the file tree, some of which outlive the process."""

KERNEL: Numbers = {
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "create_module": (174, None),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "acct": (163, 89),
    "vhangup": (153, 58),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
}
"""Kernel features that no exercise needs, and settings of the whole machine."""

ABSENT: Numbers = {
    "clone3": (435, 435),
    "openat2": (437, 437),
}
"""Calls whose arguments a filter cannot read; "no such call" makes libraries fall back."""

INSPECTED: Numbers = {
    "clone": (56, 220),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "ioctl": (16, 29),
    "fcntl": (72, 25),
    "open": (2, None),
    "openat": (257, 56),
}
"""Calls that are needed, but only with some arguments: `seccomp.py` tests them."""

CONFINING: Numbers = {
    "seccomp": (317, 277),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}
"""Calls that confinement itself makes, for which a C library may have no function."""

FIRST_UNKNOWN = 459
"""Calls from this number on are newer than these tables, on both architectures."""


class Architecture(NamedTuple):
    """One processor architecture.

    Attributes:
        audit: the kernel's identifier, which a filter can read for each call.
        column: its index in the tables.
    """

    audit: int
    column: int


_ARCHITECTURES = {"x86_64": Architecture(0xC000003E, 0), "aarch64": Architecture(0xC00000B7, 1)}


def architecture() -> Architecture | None:
    """Return this process's architecture; None if the tables do not cover it."""
    if not sys.platform.startswith("linux") or sys.maxsize < 1 << 32:
        return None  # a 32-bit process on a 64-bit kernel has other numbers
    return _ARCHITECTURES.get(os.uname().machine)


def numbers(calls: Numbers, arch: Architecture) -> list[int]:
    """Return the numbers of the calls that exist on `arch`."""
    return [pair for pair in (entry[arch.column] for entry in calls.values()) if pair is not None]
