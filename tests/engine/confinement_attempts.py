"""Escape attempts of a submission, for `test_confinement`.

Run as a script, this file runs every attempt twice, unconfined and confined, each time in a forked
child. It is a process of its own, so that no attempt affects pytest.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import resource
import signal
import socket
import struct
import sys
import termios
import time
from pathlib import Path

from torchkata.worker.confinement import confine as confinement
from torchkata.worker.confinement import landlock, syscalls
from torchkata.worker.confinement.confine import Limits, confine, readable_paths

X86 = platform.machine() == "x86_64"
ARCH = syscalls.architecture()
NOBODY = 65534
DENIALS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EXDEV, errno.EFBIG, errno.ENOMEM}
LIMITS = Limits(address_space=1 << 30, cpu_seconds=2)
JUDGE_MEMORY = ctypes.create_string_buffer(b"the judge's own memory")  # same address in the child
SHELL = b""  # the bytes of a program, for the attempt that brings its own
FOLDER = Path()  # allowed/ in it is writable, elsewhere/ is forbidden
TRACED = 0  # a process that may be traced

LIBC = ctypes.CDLL(None, use_errno=True)


class Skip(Exception):  # noqa: N818 - as in pytest
    """Raised by an attempt that does not work on this machine even without confinement."""


ATTEMPTS = {}
"""Escape attempts by name; each raises OSError if it is denied."""


def attempt(function):
    """Register an escape attempt."""
    ATTEMPTS[function.__name__] = function
    return function


def checked(result):
    """Return the result of a C call, or raise its error."""
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def system_call(name, *arguments):
    """Make a system call by name."""
    tables = [value for value in vars(syscalls).values() if isinstance(value, dict)]
    number = next(table[name] for table in tables if name in table)[ARCH.column]
    values = [
        ctypes.c_long(value) if isinstance(value, int) else value for value in (number, *arguments)
    ]
    return checked(LIBC.syscall(*values))


def run_machine_code(code):
    """Execute bytes as a function and return its result."""
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    start = ctypes.addressof(ctypes.c_char.from_buffer(page))
    result = ctypes.CFUNCTYPE(ctypes.c_int)(start)()
    if result < 0:
        raise OSError(-result, os.strerror(-result))
    return result


def exit_child(pid):
    """Exit in the child, and wait for it in the parent."""
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def skip_if_denied(*codes):
    """Turn these errors of an unconfined call into a skip, because the machine itself denies it."""

    def wrap(function):
        def guarded():
            try:
                function()
            except OSError as error:
                if error.errno in codes and not os.environ.get("CONFINED"):
                    raise Skip(f"this machine denies it anyway: {error}") from None
                raise

        guarded.__name__ = function.__name__
        return guarded

    return wrap


def call_with_invalid_arguments(name, *arguments):
    """Make a harmless, invalid variant of a call; an error about the arguments is a success."""
    try:
        system_call(name, *arguments)
    except OSError as error:
        if error.errno in {errno.EPERM, errno.ENOSYS} and not os.environ.get("CONFINED"):
            raise Skip(f"this kernel does not check the arguments: {error}") from None
        if error.errno not in {errno.EINVAL, errno.EFAULT, errno.EBADF, errno.ENOENT}:
            raise


# Files.


@attempt
def read_a_file_out_of_reach():
    (FOLDER / "elsewhere/secret").read_text()


@attempt
def list_a_folder_out_of_reach():
    list((FOLDER / "elsewhere").iterdir())


@attempt
def write_a_file_out_of_reach():
    (FOLDER / "elsewhere/new").write_text("x")


@attempt
def append_to_a_package():
    with Path(json.__file__).open("ab"):
        pass


@attempt
def unlink_out_of_reach():
    (FOLDER / "elsewhere/victim").unlink()


@attempt
def rename_out_of_reach():
    (FOLDER / "elsewhere/secret").rename(FOLDER / "elsewhere/taken")


@attempt
def move_a_secret_into_reach():
    (FOLDER / "elsewhere/secret").rename(FOLDER / "allowed/taken")


@attempt
def hard_link_to_a_secret():
    os.link(FOLDER / "elsewhere/secret", FOLDER / "allowed/link")
    (FOLDER / "allowed/link").read_text()


@attempt
def symlink_to_a_secret():
    (FOLDER / "allowed/symlink").symlink_to(FOLDER / "elsewhere/secret")
    (FOLDER / "allowed/symlink").read_text()


@attempt
def read_through_proc_root():
    Path(f"/proc/self/root{FOLDER}/elsewhere/secret").read_text()


@attempt
def truncate_by_path():
    os.truncate(FOLDER / "elsewhere/victim", 0)


@attempt
def truncate_by_opening_to_read():
    os.close(os.open(FOLDER / "readable", os.O_RDONLY | os.O_TRUNC))


@attempt
def change_a_mode():
    (FOLDER / "elsewhere/secret").chmod(0o600)


@attempt
def change_times():
    os.utime(FOLDER / "elsewhere/secret")


@attempt
def change_an_owner():
    os.chown(FOLDER / "elsewhere/secret", -1, -1)


@attempt
def watch_a_folder():
    system_call("inotify_init1", 0)


@attempt
@skip_if_denied(errno.EOPNOTSUPP)
def open_a_file_handle():
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136)
    mount = ctypes.c_int()
    path = os.fsencode(FOLDER / "elsewhere/secret")
    system_call("name_to_handle_at", -100, path, handle, ctypes.byref(mount), 0)


@attempt
def file_too_large():
    with (FOLDER / "allowed/large").open("wb") as file:
        file.write(bytes(2 << 20))


# Network and communication between processes.


@attempt
def tcp_socket():
    socket.create_server(("127.0.0.1", 0)).close()


@attempt
def udp_socket():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"x", ("127.0.0.1", 9))


@attempt
def unix_socket():
    socket.socket(socket.AF_UNIX).close()


@attempt
def abstract_unix_socket():
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0torchkata-probe")


@attempt
def netlink_socket():
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()


@attempt
def socket_pair():
    for end in socket.socketpair():
        end.close()


@attempt
def shared_segment():
    name = system_call("shmget", 0, 4096, 0o600)
    system_call("shmctl", name, 0, None)


@attempt
@skip_if_denied(errno.ENOSYS)
def message_queue():
    system_call("mq_open", b"torchkata-probe", os.O_RDWR | os.O_CREAT, 0o600, None)
    system_call("mq_unlink", b"torchkata-probe")


@attempt
@skip_if_denied(errno.ENOSYS)
def keyring():
    system_call("keyctl", 0, -2, 1)


# Processes.


@attempt
def fork():
    exit_child(os.fork())


@attempt
def clone_without_thread():
    exit_child(system_call("clone", signal.SIGCHLD.value, 0, 0, 0, 0))


@attempt
def clone_by_clone3():
    arguments = struct.pack("=8Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    exit_child(system_call("clone3", arguments, len(arguments)))


@attempt
def vfork():
    if not X86:
        raise Skip("only x86-64 has the call")
    run_machine_code(  # vfork; in the child _exit(0)
        b"\xb8\x3a\x00\x00\x00\x0f\x05\x85\xc0\x74\x01\xc3\x31\xff\xb8\x3c\x00\x00\x00\x0f\x05"
    )


@attempt
def posix_spawn():
    os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "exit"], {}), 0)


@attempt
def execute():
    os.execv("/bin/sh", ["sh", "-c", "exit"])


@attempt
def execute_from_memory():
    program = os.memfd_create("program")
    os.write(program, SHELL)
    os.execve(program, ["sh", "-c", "exit"], {})


@attempt
def new_session():
    os.setsid()


@attempt
def new_process_group():
    os.setpgid(0, 0)


@attempt
@skip_if_denied(errno.EPERM, errno.ENOSPC)
def unshare():
    system_call("unshare", 0x10000000)


@attempt
def signal_the_parent():
    os.kill(os.getppid(), 0)


@attempt
def signal_a_group():
    with contextlib.suppress(ProcessLookupError):
        os.kill(-(1 << 22), 0)  # a group that cannot exist


@attempt
def signal_a_thread_of_the_parent():
    system_call("tgkill", os.getppid(), os.getppid(), 0)


@attempt
def signal_by_tkill():
    system_call("tkill", os.getppid(), 0)


@attempt
def signal_by_queue():
    information = struct.pack("=iii", 0, 0, -1).ljust(128, b"\0")
    system_call("rt_sigqueueinfo", os.getppid(), 0, information)


@attempt
def signal_by_pidfd():
    signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 0)


@attempt
def signal_by_file_owner():
    inlet, _ = os.pipe()
    fcntl.fcntl(inlet, fcntl.F_SETOWN, os.getppid())


@attempt
def read_the_judges_memory_file():
    with Path(f"/proc/{os.getppid()}/mem").open("rb", buffering=0) as memory:
        memory.seek(ctypes.addressof(JUDGE_MEMORY))
        assert memory.read(9) == b"the judge"


@attempt
def read_the_judges_environment():
    Path(f"/proc/{os.getppid()}/environ").read_bytes()


@attempt
def read_the_judges_command_line():
    Path(f"/proc/{os.getppid()}/cmdline").read_bytes()


@attempt
def read_the_judges_memory_by_call():
    copy = ctypes.create_string_buffer(9)
    local = struct.pack("@PN", ctypes.addressof(copy), 9)
    remote = struct.pack("@PN", ctypes.addressof(JUDGE_MEMORY), 9)
    system_call("process_vm_readv", os.getppid(), local, 1, remote, 1, 0)
    assert copy.raw == b"the judge"


@attempt
def trace_another():
    system_call("ptrace", 0x4206, TRACED, 0, 0)  # PTRACE_SEIZE, which does not stop it


@attempt
def limits_of_the_parent():
    now = ctypes.create_string_buffer(16)
    system_call("prlimit64", os.getppid(), resource.RLIMIT_NOFILE, None, now)


@attempt
def raise_a_limit():
    ceiling = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    system_call("prlimit64", 0, resource.RLIMIT_NOFILE, struct.pack("=QQ", ceiling, ceiling), None)


@attempt
def memory_bomb():
    no_reserve = 0x4000  # otherwise the machine's memory would decide
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | no_reserve
    mmap.mmap(-1, 2 << 30, flags=flags).close()


@attempt
def choose_cpu_cores():
    os.sched_setaffinity(0, os.sched_getaffinity(0))


@attempt
def lower_priority():
    os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + 1)


@attempt
def choose_scheduler():
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


@attempt
def outlive_the_parent():
    system_call("prctl", 1, 0, 0, 0, 0)


@attempt
def become_dumpable():
    system_call("prctl", 4, 1, 0, 0, 0)


@attempt
def change_user():
    os.setresuid(os.getuid(), os.getuid(), os.getuid())


@attempt
def change_personality():
    system_call("personality", 0xFFFFFFFF)


# Kernel features.


@attempt
@skip_if_denied(errno.EPERM, errno.ENOSYS)
def io_uring():
    system_call("io_uring_setup", 8, bytes(120))


@attempt
@skip_if_denied(errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOENT)
def performance_counter():
    attributes = struct.pack("=IIQ", 1, 112, 0).ljust(112, b"\0")
    system_call("perf_event_open", attributes, 0, -1, -1, 0)


@attempt
@skip_if_denied(errno.EPERM, errno.ENOSYS, errno.EINVAL)
def user_fault_descriptor():
    system_call("userfaultfd", 1)


@attempt
def bpf_program():
    call_with_invalid_arguments("bpf", 9999, bytes(16), 16)


@attempt
def type_into_the_terminal():
    inlet, _ = os.pipe()
    try:
        fcntl.ioctl(inlet, termios.TIOCSTI, b"x")
    except OSError as error:
        if error.errno != errno.ENOTTY:  # the call reached the pipe, which is not a terminal
            raise


@attempt
def second_filter():
    system_call("seccomp", 2, 0, struct.pack("=I", 0x7FFF0000))


@attempt
def call_newer_than_the_tables():
    flags, path = 0, os.fsencode(FOLDER / "elsewhere/secret")
    try:
        checked(LIBC.syscall(ctypes.c_long(463), -100, path, flags, b"user.x", None, 0))
    except OSError as error:
        if error.errno == errno.ENOSYS and not os.environ.get("CONFINED"):
            raise Skip("this kernel has no such call") from None
        if error.errno == errno.ENOSYS:
            raise


@attempt
def call_of_32_bit_programs():
    if not X86:
        raise Skip("works on x86-64 only")
    try:
        run_machine_code(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # int 0x80: getpid
    except OSError as error:
        raise Skip(str(error)) from None


INVALID = {
    "mount": (None, None, None, 0, None),
    "umount2": (b"/nowhere/at/all", 0xFF00),
    "reboot": (0, 0, 0, None),
    "kexec_load": (0, 0, None, 0xFF),
    "swapoff": (None,),
    "sethostname": (None, -1),
    "init_module": (None, 0, b""),
    "clock_settime": (9999, None),
    "chroot": (None,),
    "pivot_root": (None, None),
    "setns": (-1, 0),
    "open_by_handle_at": (-1, None, 0),
    "fanotify_init": (0xFFFFFFFF, 0),
}
for _name, _arguments in INVALID.items():
    ATTEMPTS[_name] = lambda name=_name, arguments=_arguments: call_with_invalid_arguments(
        name, *arguments
    )


# Running them.


def outcome_of(function):
    """Run an attempt; return `succeeded`, `denied: ...`, `skip: ...` or `error: ...`."""
    try:
        function()
    except Skip as reason:
        return f"skip: {reason}"
    except MemoryError:
        return "denied: MemoryError"
    except OSError as error:
        kind = "denied" if error.errno in DENIALS else "error"
        return f"{kind}: {errno.errorcode.get(error.errno, '?')} {error}"
    except BaseException as error:  # noqa: BLE001 - a broken attempt must not look like a denial
        return f"error: {error!r}"
    return "succeeded"


def in_a_child(function, *, confined):
    """Run an attempt in a forked child, confined or not; return its outcome."""
    reset_files()
    inlet, outlet = os.pipe()
    child = os.fork()
    if child == 0:
        if confined:
            os.environ["CONFINED"] = "1"
            paths = [*readable_paths(), str(FOLDER / "readable")]
            state = confine(LIMITS, readable=paths, writable=[str(FOLDER / "allowed")])
            if state.level != "full":
                os.write(outlet, f"error: {state.missing}".encode())
                os._exit(1)
        os.write(outlet, outcome_of(function).encode())
        os._exit(1)
    os.close(outlet)
    with os.fdopen(inlet) as reply:
        text = reply.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if text:
        return text
    # An executed program exits with 0; a filter that kills leaves its signal.
    return "succeeded" if code == 0 else f"denied: {signal.Signals(-code).name}"


def reset_files():
    """Restore the files that attempts read, change and leave behind."""
    for leftover in (FOLDER / "allowed").iterdir():
        leftover.unlink()
    for name in ("elsewhere/secret", "elsewhere/victim", "readable"):
        (FOLDER / name).write_text("x")


def setup_seconds():
    """Return how long `confine` takes, as the minimum of five children."""
    times = []
    for _ in range(5):
        inlet, outlet = os.pipe()
        child = os.fork()
        if child == 0:
            start = time.perf_counter()
            confine(LIMITS, readable=readable_paths())
            os.write(outlet, repr(time.perf_counter() - start).encode())
            os._exit(0)
        os.waitpid(child, 0)
        times.append(float(os.read(inlet, 100)))
    return min(times)


def main(folder, user, version):
    """Run every attempt unconfined and confined, and print the outcomes as JSON.

    Args:
        folder: an empty folder.
        user: `nobody` to become that user first, anything else to stay.
        version: the Landlock version to use, 0 for the newest.
    """
    if int(version):
        landlock.abi = lambda: int(version)
    global FOLDER, SHELL, TRACED  # noqa: PLW0603 - this process does nothing else
    FOLDER = Path(folder)
    SHELL = Path("/bin/sh").read_bytes()
    if user == "nobody":
        FOLDER.chmod(0o777)
    for name in ("allowed", "elsewhere"):
        (FOLDER / name).mkdir()
        if user == "nobody":
            os.chown(FOLDER / name, NOBODY, NOBODY)
    if user == "nobody":
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        checked(
            LIBC.prctl(4, 1, 0, 0, 0)
        )  # a change of user hides a process from others of that user
    TRACED = os.fork()
    if TRACED == 0:
        confinement.die_with_parent()
        signal.pause()
    outcomes = {
        name: [in_a_child(function, confined=confined) for confined in (False, True)]
        for name, function in ATTEMPTS.items()
    }
    os.kill(TRACED, signal.SIGKILL)
    os.waitpid(TRACED, 0)
    sys.stdout.write(json.dumps({"seconds": setup_seconds(), "outcomes": outcomes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
