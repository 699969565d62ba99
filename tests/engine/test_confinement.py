"""Confinement: each probe gets through without it and is stopped by it; honest work goes on.

Run as a script, this file is the stage for the probes: a fresh process that forks a child for each
one, so that no probe ever touches pytest itself. `nobody` as its last word makes it an ordinary
user first.
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
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import textwrap
import time
from pathlib import Path

import pytest

from torchkata.worker.confinement import bpf, landlock, seccomp, syscalls
from torchkata.worker.confinement import confine as confinement
from torchkata.worker.confinement.confine import Confinement, Limits, confine, readable_paths

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or syscalls.architecture() is None,
    reason="the probes are Linux's, on x86-64 and aarch64",
)

SOURCE = Path(confinement.__file__).parents[2]
X86 = platform.machine() == "x86_64"
ARCH = syscalls.architecture()
NOBODY = 65534
DENIALS = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EXDEV, errno.EFBIG, errno.ENOMEM}
LIMITS = Limits(address_space=1 << 30, cpu_seconds=2)
WORD = ctypes.create_string_buffer(b"the judge's own memory")  # at one address in parent and child
SHELL = b""  # a program's bytes, for the probe that brings its own
PLACE = Path()  # the stage's folder: allowed/ is writable, elsewhere/ is out of reach
SACRIFICE = 0  # a process that may be traced

LIBC = ctypes.CDLL(None, use_errno=True)


class Skip(Exception):  # noqa: N818 - as in pytest
    """The probe does not work on this machine even without confinement."""


PROBES = {}


def probe(function):
    PROBES[function.__name__] = function
    return function


def checked(answer):
    if answer == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def system_call(name, *arguments):
    tables = [value for value in vars(syscalls).values() if isinstance(value, dict)]
    number = next(table[name] for table in tables if name in table)[ARCH.column]
    values = [
        ctypes.c_long(value) if isinstance(value, int) else value for value in (number, *arguments)
    ]
    return checked(LIBC.syscall(*values))


def machine_code(code):
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    start = ctypes.addressof(ctypes.c_char.from_buffer(page))
    answer = ctypes.CFUNCTYPE(ctypes.c_int)(start)()
    if answer < 0:
        raise OSError(-answer, os.strerror(-answer))
    return answer


def child_leaves_at_once(pid):
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def skip_where(*codes):
    """Turn these errors of an unconfined call into a skip: the machine itself forbids it."""

    def wrap(function):
        def guarded():
            try:
                function()
            except OSError as error:
                if error.errno in codes and not os.environ.get("CONFINED"):
                    raise Skip(f"this machine forbids it anyway: {error}") from None
                raise

        guarded.__name__ = function.__name__
        return guarded

    return wrap


def refused_as_nonsense(name, *arguments):
    """Make a harmless, invalid variant of a call; that the kernel finds the fault is success."""
    try:
        system_call(name, *arguments)
    except OSError as error:
        if error.errno in {errno.EPERM, errno.ENOSYS} and not os.environ.get("CONFINED"):
            raise Skip(f"this kernel does not look at the arguments: {error}") from None
        if error.errno not in {errno.EINVAL, errno.EFAULT, errno.EBADF, errno.ENOENT}:
            raise


# Files.


@probe
def read_a_file_out_of_reach():
    (PLACE / "elsewhere/secret").read_text()


@probe
def list_a_folder_out_of_reach():
    list((PLACE / "elsewhere").iterdir())


@probe
def write_a_file_out_of_reach():
    (PLACE / "elsewhere/new").write_text("x")


@probe
def append_to_a_package():
    with Path(json.__file__).open("ab"):
        pass


@probe
def unlink_out_of_reach():
    (PLACE / "elsewhere/victim").unlink()


@probe
def rename_out_of_reach():
    (PLACE / "elsewhere/secret").rename(PLACE / "elsewhere/taken")


@probe
def move_a_secret_into_reach():
    (PLACE / "elsewhere/secret").rename(PLACE / "allowed/taken")


@probe
def hard_link_to_a_secret():
    os.link(PLACE / "elsewhere/secret", PLACE / "allowed/link")
    (PLACE / "allowed/link").read_text()


@probe
def symlink_to_a_secret():
    (PLACE / "allowed/symlink").symlink_to(PLACE / "elsewhere/secret")
    (PLACE / "allowed/symlink").read_text()


@probe
def secret_by_way_of_proc_root():
    Path(f"/proc/self/root{PLACE}/elsewhere/secret").read_text()


@probe
def truncate_by_path():
    os.truncate(PLACE / "elsewhere/victim", 0)


@probe
def truncate_by_opening_to_read():
    os.close(os.open(PLACE / "readable", os.O_RDONLY | os.O_TRUNC))


@probe
def change_a_mode():
    (PLACE / "elsewhere/secret").chmod(0o600)


@probe
def change_times():
    os.utime(PLACE / "elsewhere/secret")


@probe
def change_an_owner():
    os.chown(PLACE / "elsewhere/secret", -1, -1)


@probe
def watch_a_folder():
    system_call("inotify_init1", 0)


@probe
@skip_where(errno.EOPNOTSUPP)
def file_handle():
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136)
    mount = ctypes.c_int()
    path = os.fsencode(PLACE / "elsewhere/secret")
    system_call("name_to_handle_at", -100, path, handle, ctypes.byref(mount), 0)


@probe
def file_too_large():
    with (PLACE / "allowed/large").open("wb") as file:
        file.write(bytes(2 << 20))


# Network and talk between processes.


@probe
def tcp_socket():
    socket.create_server(("127.0.0.1", 0)).close()


@probe
def udp_socket():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.sendto(b"x", ("127.0.0.1", 9))


@probe
def unix_socket():
    socket.socket(socket.AF_UNIX).close()


@probe
def abstract_unix_socket():
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0torchkata-probe")


@probe
def netlink_socket():
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close()


@probe
def socket_pair():
    for end in socket.socketpair():
        end.close()


@probe
def shared_segment():
    name = system_call("shmget", 0, 4096, 0o600)
    system_call("shmctl", name, 0, None)


@probe
@skip_where(errno.ENOSYS)
def message_queue():
    system_call("mq_open", b"torchkata-probe", os.O_RDWR | os.O_CREAT, 0o600, None)
    system_call("mq_unlink", b"torchkata-probe")


@probe
@skip_where(errno.ENOSYS)
def keyring():
    system_call("keyctl", 0, -2, 1)


# Processes.


@probe
def fork():
    child_leaves_at_once(os.fork())


@probe
def clone_without_thread():
    child_leaves_at_once(system_call("clone", signal.SIGCHLD.value, 0, 0, 0, 0))


@probe
def clone_by_clone3():
    arguments = struct.pack("=8Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
    child_leaves_at_once(system_call("clone3", arguments, len(arguments)))


@probe
def vfork():
    if not X86:
        raise Skip("only x86-64 has the call")
    machine_code(  # vfork; in the child _exit(0)
        b"\xb8\x3a\x00\x00\x00\x0f\x05\x85\xc0\x74\x01\xc3\x31\xff\xb8\x3c\x00\x00\x00\x0f\x05"
    )


@probe
def posix_spawn():
    os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "exit"], {}), 0)


@probe
def execute():
    os.execv("/bin/sh", ["sh", "-c", "exit"])


@probe
def execute_from_memory():
    program = os.memfd_create("program")
    os.write(program, SHELL)
    os.execve(program, ["sh", "-c", "exit"], {})


@probe
def new_session():
    os.setsid()


@probe
def new_process_group():
    os.setpgid(0, 0)


@probe
@skip_where(errno.EPERM, errno.ENOSPC)
def unshare():
    system_call("unshare", 0x10000000)


@probe
def signal_the_parent():
    os.kill(os.getppid(), 0)


@probe
def signal_a_group():
    with contextlib.suppress(ProcessLookupError):
        os.kill(-(1 << 22), 0)  # a group that cannot exist


@probe
def signal_a_thread_of_the_parent():
    system_call("tgkill", os.getppid(), os.getppid(), 0)


@probe
def signal_by_tkill():
    system_call("tkill", os.getppid(), 0)


@probe
def signal_by_queue():
    information = struct.pack("=iii", 0, 0, -1).ljust(128, b"\0")
    system_call("rt_sigqueueinfo", os.getppid(), 0, information)


@probe
def signal_by_pidfd():
    signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 0)


@probe
def signal_by_file_owner():
    inlet, _ = os.pipe()
    fcntl.fcntl(inlet, fcntl.F_SETOWN, os.getppid())


@probe
def read_the_judges_memory_file():
    with Path(f"/proc/{os.getppid()}/mem").open("rb", buffering=0) as memory:
        memory.seek(ctypes.addressof(WORD))
        assert memory.read(9) == b"the judge"


@probe
def read_the_judges_environment():
    Path(f"/proc/{os.getppid()}/environ").read_bytes()


@probe
def read_the_judges_command_line():
    Path(f"/proc/{os.getppid()}/cmdline").read_bytes()


@probe
def read_the_judges_memory_by_call():
    copy = ctypes.create_string_buffer(9)
    here = struct.pack("@PN", ctypes.addressof(copy), 9)
    there = struct.pack("@PN", ctypes.addressof(WORD), 9)
    system_call("process_vm_readv", os.getppid(), here, 1, there, 1, 0)
    assert copy.raw == b"the judge"


@probe
def trace_another():
    system_call("ptrace", 0x4206, SACRIFICE, 0, 0)  # PTRACE_SEIZE: does not stop it


@probe
def limits_of_the_parent():
    now = ctypes.create_string_buffer(16)
    system_call("prlimit64", os.getppid(), resource.RLIMIT_NOFILE, None, now)


@probe
def raise_a_limit():
    ceiling = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    system_call("prlimit64", 0, resource.RLIMIT_NOFILE, struct.pack("=QQ", ceiling, ceiling), None)


@probe
def memory_bomb():
    no_reserve = 0x4000  # so that the machine's own memory does not decide
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | no_reserve
    mmap.mmap(-1, 2 << 30, flags=flags).close()


@probe
def choose_processors():
    os.sched_setaffinity(0, os.sched_getaffinity(0))


@probe
def lower_priority():
    os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + 1)


@probe
def choose_scheduler():
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


@probe
def outlive_the_parent():
    system_call("prctl", 1, 0, 0, 0, 0)


@probe
def become_dumpable():
    system_call("prctl", 4, 1, 0, 0, 0)


@probe
def change_user():
    os.setresuid(os.getuid(), os.getuid(), os.getuid())


@probe
def change_personality():
    system_call("personality", 0xFFFFFFFF)


# Doors into the kernel.


@probe
@skip_where(errno.EPERM, errno.ENOSYS)
def io_uring():
    system_call("io_uring_setup", 8, bytes(120))


@probe
@skip_where(errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOENT)
def performance_counter():
    attributes = struct.pack("=IIQ", 1, 112, 0).ljust(112, b"\0")
    system_call("perf_event_open", attributes, 0, -1, -1, 0)


@probe
@skip_where(errno.EPERM, errno.ENOSYS, errno.EINVAL)
def user_fault_descriptor():
    system_call("userfaultfd", 1)


@probe
def bpf_program():
    refused_as_nonsense("bpf", 9999, bytes(16), 16)


@probe
def type_into_the_terminal():
    inlet, _ = os.pipe()
    try:
        fcntl.ioctl(inlet, termios.TIOCSTI, b"x")
    except OSError as error:
        if error.errno != errno.ENOTTY:  # it got as far as the pipe, which is no terminal
            raise


@probe
def second_filter():
    system_call("seccomp", 2, 0, struct.pack("=I", 0x7FFF0000))


@probe
def call_younger_than_the_tables():
    flags, path = 0, os.fsencode(PLACE / "elsewhere/secret")
    try:
        checked(LIBC.syscall(ctypes.c_long(463), -100, path, flags, b"user.x", None, 0))
    except OSError as error:
        if error.errno == errno.ENOSYS and not os.environ.get("CONFINED"):
            raise Skip("this kernel has no such call") from None
        if error.errno == errno.ENOSYS:
            raise


@probe
def call_of_32_bit_programs():
    if not X86:
        raise Skip("an x86-64 trick")
    try:
        machine_code(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # int 0x80: getpid
    except OSError as error:
        raise Skip(str(error)) from None


NONSENSE = {
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
for _name, _arguments in NONSENSE.items():
    PROBES[_name] = lambda name=_name, arguments=_arguments: refused_as_nonsense(name, *arguments)


# The stage.


def outcome_of(function):
    """Run a probe in this process; return `through`, `denied: ...`, `skip: ...` or `error: ...`."""
    try:
        function()
    except Skip as reason:
        return f"skip: {reason}"
    except MemoryError:
        return "denied: MemoryError"
    except OSError as error:
        kind = "denied" if error.errno in DENIALS else "error"
        return f"{kind}: {errno.errorcode.get(error.errno, '?')} {error}"
    except BaseException as error:  # noqa: BLE001 - a broken probe must not look like a denial
        return f"error: {error!r}"
    return "through"


def in_a_child(function, *, confined):
    """Run a probe in a forked child, confined or not; return its outcome."""
    prepare()
    inlet, outlet = os.pipe()
    child = os.fork()
    if child == 0:
        if confined:
            os.environ["CONFINED"] = "1"
            paths = [*readable_paths(), str(PLACE / "readable")]
            state = confine(LIMITS, readable=paths, writable=[str(PLACE / "allowed")])
            if state.level != "full":
                os.write(outlet, f"error: {state.missing}".encode())
                os._exit(1)
        os.write(outlet, outcome_of(function).encode())
        os._exit(1)
    os.close(outlet)
    with os.fdopen(inlet) as answer:
        text = answer.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if text:
        return text
    # A program that was executed leaves with 0; a filter that kills leaves its signal.
    return "through" if code == 0 else f"denied: {signal.Signals(-code).name}"


def prepare():
    """Put the files that probes read, change and leave behind as they were."""
    for leftover in (PLACE / "allowed").iterdir():
        leftover.unlink()
    for name in ("elsewhere/secret", "elsewhere/victim", "readable"):
        (PLACE / name).write_text("x")


def setup_seconds():
    """Return how long confining takes, the best of five children."""
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


def stage(place, user, version):
    """Run every probe twice and print the outcomes as JSON.

    Args:
        place: an empty folder.
        user: `nobody` to become that user first, anything else to stay.
        version: the Landlock version to use, 0 for the newest.
    """
    if int(version):
        landlock.abi = lambda: int(version)
    global PLACE, SHELL, SACRIFICE  # noqa: PLW0603 - this process does nothing else
    PLACE = Path(place)
    SHELL = Path("/bin/sh").read_bytes()
    if user == "nobody":
        PLACE.chmod(0o777)
    for name in ("allowed", "elsewhere"):
        (PLACE / name).mkdir()
        if user == "nobody":
            os.chown(PLACE / name, NOBODY, NOBODY)
    if user == "nobody":
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        checked(LIBC.prctl(4, 1, 0, 0, 0))  # a change of user hides a process from its equals
    SACRIFICE = os.fork()
    if SACRIFICE == 0:
        confinement.die_with_parent()
        signal.pause()
    outcomes = {
        name: [in_a_child(function, confined=confined) for confined in (False, True)]
        for name, function in PROBES.items()
    }
    os.kill(SACRIFICE, signal.SIGKILL)
    os.waitpid(SACRIFICE, 0)
    sys.stdout.write(json.dumps({"seconds": setup_seconds(), "outcomes": outcomes}))


def needs_all_of_it():
    state = confinement.available_confinement()
    if state.level != "full":
        pytest.skip(state.sentence())


def play(place, user="oneself", version=0):
    needs_all_of_it()
    command = [sys.executable, __file__, str(place), user, str(version)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def as_oneself(tmp_path_factory):
    return play(tmp_path_factory.mktemp("stage"))


@pytest.fixture(scope="module")
def on_the_oldest_landlock(tmp_path_factory):
    return play(tmp_path_factory.mktemp("stage"), version=1)


@pytest.fixture(scope="module")
def as_nobody():
    if os.getuid() != 0:
        pytest.skip("only root can become another user; the probes ran as an ordinary one already")
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders are closed to others
        yield play(place, "nobody")


def judge(without, confined):
    if confined.startswith("skip"):
        pytest.skip(confined)
    assert confined.startswith("denied"), confined
    if without.startswith("skip"):
        pytest.skip(f"denied when confined, but {without.removeprefix('skip: ')}")
    assert without == "through"


@pytest.mark.parametrize("name", PROBES)
def test_probe_is_stopped(name, as_oneself):
    """What a process can do to files, machine and judge, it can no longer do when confined."""
    judge(*as_oneself["outcomes"][name])


@pytest.mark.parametrize("name", PROBES)
def test_probe_is_stopped_for_an_ordinary_user(name, as_nobody):
    """Confinement needs no privilege and holds for an ordinary user as for root."""
    without, confined = as_nobody["outcomes"][name]
    if without.startswith("denied") and name == "append_to_a_package":
        without = "skip: file permissions forbid it anyway"
    judge(without, confined)


@pytest.mark.parametrize("name", PROBES)
def test_probe_is_stopped_on_an_older_kernel(name, on_the_oldest_landlock):
    """What the first Landlock version could not restrict, the filter of system calls does."""
    judge(*on_the_oldest_landlock["outcomes"][name])


def test_setup_is_quick(as_oneself):
    """Confining a worker costs milliseconds, so each exercise gets a process of its own."""
    assert as_oneself["seconds"] < 0.05


# Honest work.


def run_confined(body, *, timeout=60):
    """Run statements in a fresh, confined process; return what `subprocess.run` does."""
    needs_all_of_it()
    script = textwrap.dedent(body)
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


CONFINE = """
    import os, signal, sys
    from torchkata.worker.confinement.confine import Limits, confine, readable_paths
    state = confine(Limits(cpu_seconds=1), readable=readable_paths())
    assert state.level == "full", state
"""


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ("os.abort()", signal.SIGABRT),
        ("os.kill(os.getpid(), signal.SIGSEGV)", signal.SIGSEGV),
        ("signal.raise_signal(signal.SIGTERM)", signal.SIGTERM),
        ("while True: pass", signal.SIGXCPU),
        ("signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n    while True: pass", signal.SIGKILL),
    ],
)
def test_process_ends_by_the_signal_that_names_the_cause(ending, expected):
    """A process may still end itself, and one that will not end is ended by its time limit."""
    assert run_confined(CONFINE + "    " + ending).returncode == -expected


def test_plain_work_goes_on():
    """Threads, random bytes and the null device work; a missing temporary folder fails cleanly."""
    done = run_confined(
        CONFINE
        + """
    import decimal, threading, tempfile, zoneinfo
    seen = []
    threads = [threading.Thread(target=seen.append, args=(n,)) for n in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert sorted(seen) == [0, 1, 2, 3] and len(os.urandom(8)) == 8
    with open(os.devnull, "w") as sink: print("nothing", file=sink)
    assert os.listdir("/proc/self/task") and open("/proc/self/status").read()
    try: tempfile.mkstemp()
    except OSError: print("no temporary file")
    """
    )
    assert (done.returncode, done.stdout) == (0, "no temporary file\n"), done.stderr


def test_torch_goes_on():
    """With torch imported beforehand, numerics, autograd and late imports all work confined."""
    done = run_confined(
        """
        import torch
        import os, warnings
        from torchkata.worker.confinement.confine import Limits, confine, readable_paths
        state = confine(Limits(), readable=readable_paths())
        assert state.level == "full", state
        # Imported late, torch.compile's parts want a cache folder, which has to exist already.
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.path.dirname(torch.__file__)
        torch.set_num_threads(2)
        x = torch.ones(600, 600, requires_grad=True)
        (x @ x).sum().backward()
        assert x.grad[0, 0] == 1200
        import numpy
        assert numpy.linalg.norm(x.detach().numpy()) == 600
        import torch.func
        assert torch.func.grad(torch.sin)(torch.zeros(())) == 1
        import torch._dynamo
        assert len(os.listdir("/proc/self/task")) > 1
        print("done")
        """
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


LOADER = """
    import torch
    import os, sys
    from torchkata.worker.confinement.confine import Limits, confine, readable_paths
    os.environ["TMPDIR"] = sys.argv[1]
    torch.set_num_threads(1)
    state = confine(
        Limits(), readable=readable_paths(), writable=[sys.argv[1], "/dev/shm"],
        allow_processes=True,
    )
    assert len(state.measures) == 3 and len(state.missing) == 2, state
    rows = torch.arange(6.0)
    loader = torch.utils.data.DataLoader(rows, batch_size=2, num_workers=2)
    print([batch.tolist() for batch in loader])
    import socket, subprocess
    for attempt in (
        lambda: socket.socket(socket.AF_INET),
        lambda: os.execv("/bin/sh", ["sh"]),
        lambda: os.kill(os.getppid(), 0),
    ):
        try: attempt()
        except PermissionError: print("denied")
"""


def test_data_loader_works_where_processes_are_allowed(tmp_path):
    """With processes allowed a loader's workers run; network, programs and the judge stay shut."""
    needs_all_of_it()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LOADER), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    expected = "[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]\ndenied\ndenied\ndenied\n"
    assert done.stdout == expected, done.stderr


PRIVATE = """
    import os, socket, sys
    from pathlib import Path
    from torchkata.worker.confinement.confine import Limits, confine, readable_paths
    folder, listener, name, kept = sys.argv[1:]
    state = confine(
        Limits(file_size=1 << 30),
        readable=[*readable_paths(), folder, kept, f"{kept}/within", f"{kept}.txt"],
        writable=[f"{folder}/tmp", "/dev/shm"], allow_processes=True, private=folder,
    )
    print("private folders" in state.measures, state.level)
    print(Path(folder, "data.txt").read_text(), os.listdir("/dev/shm"), os.path.exists(listener))
    print(Path(kept, "within", "a.txt").read_text(), Path(f"{kept}.txt").read_text())
    for place in ("/dev/shm", f"{folder}/tmp"):
        try:
            with open(f"{place}/{name}", "wb", buffering=0) as file:
                while file.write(bytes(1 << 24)) == 1 << 24: pass
            print("full")
        except OSError as error: print(error.strerror)
        os.remove(f"{place}/{name}")
    with open(f"/dev/shm/{name}", "w") as file: file.write("left")
    print([line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")])
"""


def test_a_loader_has_folders_of_its_own(tmp_path):
    """Shared memory and scratch are bounded and gone afterwards; other programs are not found.

    What has to stay readable does, also where it lies in a folder that is covered.
    """
    needs_all_of_it()
    folder = tmp_path / "loader"
    (folder / "tmp").mkdir(parents=True)
    (folder / "data.txt").write_text("data")
    listener = tmp_path / "listener"
    listener.touch()
    kept = tmp_path / "kept"
    (kept / "within").mkdir(parents=True)
    (kept / "within" / "a.txt").write_text("course")
    kept.with_suffix(".txt").write_text("file")
    name = f"torchkata-{os.getpid()}"
    words = map(str, (folder, listener, name, kept))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PRIVATE), *words],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.stdout.startswith("False"):
        pytest.skip("this kernel gives this user no mount namespace")
    lines = done.stdout.splitlines()
    assert lines[0] == "True partial", done.stderr
    assert lines[1] == "data [] False"
    assert lines[2] == "course file"
    assert set(lines[3:5]) <= {"full", "No space left on device"}
    assert lines[5] == "['0000000000000000']"
    assert not Path("/dev/shm", name).exists()
    assert not list((folder / "tmp").iterdir())


def test_older_thread_is_reported():
    """A thread from before the confinement stays free, so the level is not called full."""
    done = run_confined(
        """
        import threading
        from torchkata.worker.confinement.confine import Limits, confine
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        print(confine(Limits()))
        """
    )
    assert "level='partial'" in done.stdout, done.stderr
    assert "hold on 1 threads" in done.stdout


# What can be judged without a kernel.


def verdict(arch, number, *arguments, allow_processes=False, signals_scoped=True, audit=None):
    """Run the filter for process 77 as the kernel would; return the errno, 0, or `killed`."""
    steps = seccomp.program(
        arch, 77, allow_processes=allow_processes, signals_scoped=signals_scoped
    )
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("=IIQ6Q", number, audit or arch.audit, 0, *padded)
    value = place = 0
    while True:
        code, if_true, if_false, operand = steps[place]
        place += 1
        if code == bpf.RETURN:
            kind, code = operand & 0xFFFF0000, operand & 0xFFFF
            return {0x7FFF0000: 0, 0x00050000: code, 0x80000000: "killed"}[kind]
        if code == bpf.LOAD:
            value = struct.unpack_from("=I", data, operand)[0]
            continue
        holds = {
            bpf.IF_EQUAL: value == operand,
            bpf.IF_AT_LEAST: value >= operand,
            bpf.IF_ANY_BIT: value & operand != 0,
        }[code]
        place += if_true if holds else if_false


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filter_reads_arguments(machine):
    """On both architectures the filter tells threads from forks and oneself from others."""
    arch = syscalls._ARCHITECTURES[machine]

    def asked(name, *arguments, **options):
        table = {**syscalls.INSPECTED, **syscalls.SIGNALS, **syscalls.NETWORK}
        return verdict(arch, table[name][arch.column], *arguments, **options)

    thread = 0x003D0F00
    assert asked("clone", thread) == 0
    assert asked("clone", signal.SIGCHLD) == errno.EPERM
    assert asked("clone", thread | 0x10000000) == errno.EPERM
    assert asked("clone", signal.SIGCHLD, allow_processes=True) == 0
    assert asked("clone", signal.SIGCHLD | 0x40000000, allow_processes=True) == errno.EPERM
    assert asked("kill", 77, 9) == 0
    assert asked("kill", 78, 9) == errno.EPERM
    assert asked("kill", 2**64 - 1, 9) == errno.EPERM
    assert asked("kill", 78, 9, allow_processes=True) == 0
    assert asked("kill", 78, 9, allow_processes=True, signals_scoped=False) == errno.EPERM
    assert asked("socket", socket.AF_UNIX) == errno.EPERM
    assert asked("socket", socket.AF_UNIX, allow_processes=True) == 0
    assert asked("socket", socket.AF_INET, allow_processes=True) == errno.EPERM
    assert asked("prlimit64", 0, 7, 0, 4096) == 0
    assert asked("prlimit64", 0, 7, 1 << 32, 0) == errno.EPERM
    assert asked("openat", 0, 0, os.O_RDONLY) == 0
    assert asked("openat", 0, 0, os.O_WRONLY | os.O_TRUNC) == 0
    assert asked("openat", 0, 0, os.O_RDONLY | os.O_TRUNC) == errno.EPERM
    assert verdict(arch, 0x40000000 + 41) == errno.ENOSYS  # x32
    assert verdict(arch, 0, audit=0x40000003) == "killed"  # i386


@pytest.mark.parametrize(
    ("column", "header"),
    [
        (0, "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        (1, "/usr/include/asm-generic/unistd.h"),
    ],
)
def test_numbers_agree_with_the_systems_headers(column, header):
    """Each number in the tables is the one that the kernel's own headers give."""
    if not Path(header).exists():
        pytest.skip("the kernel's headers are not installed")
    found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text())
    known = {name: int(number) for name, number in found}
    for table in [value for value in vars(syscalls).values() if isinstance(value, dict)]:
        for name, pair in table.items():
            if isinstance(pair, tuple) and not hasattr(pair, "audit"):
                assert known.get(name, pair[column]) == pair[column], name


@pytest.mark.parametrize(
    ("version", "newest", "network", "scopes", "size"),
    [
        (1, "MAKE_SYM", 0, 0, 8),
        (2, "REFER", 0, 0, 8),
        (3, "TRUNCATE", 0, 0, 8),
        (4, "TRUNCATE", 3, 0, 16),
        (5, "IOCTL_DEV", 3, 0, 16),
        (6, "IOCTL_DEV", 3, 3, 24),
        (7, "IOCTL_DEV", 3, 3, 24),
    ],
)
def test_each_landlock_version_gets_all_it_knows(version, newest, network, scopes, size):
    """A rule set handles every right that its version has, and none that is younger."""
    handled = landlock.handled(version)
    assert handled.files == landlock.Access[newest].value * 2 - 1
    assert (handled.network, handled.scopes) == (network, scopes)
    assert len(handled.packed(version)) == size


def test_readable_paths_spare_the_course(monkeypatch, tmp_path):
    """A virtual environment inside the course gives its packages, not the folder around it."""
    course = tmp_path / "course"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(course))
    monkeypatch.setattr(sys, "path", [str(course), str(course / "lib/python3/site-packages"), ""])
    paths = readable_paths()
    assert str(course / "lib/python3/site-packages") in paths
    for shut in (course, tmp_path, Path.home(), Path("/"), Path("/proc"), Path("/usr")):
        assert str(shut) not in paths


def test_sentence_of_full_confinement():
    """The report's sentence says in plain words what holds."""
    state = Confinement(level="full", measures=("rlimits", "landlock 7", "seccomp"), missing=())
    words = "Submissions run confined: no files, no network, no other processes (rlimits, {}"
    assert state.sentence() == words.format("Landlock 7, seccomp).")


def test_sentence_of_no_confinement():
    """Where nothing holds, the sentence says what to do, and why."""
    state = Confinement(level="none", measures=("rlimits",), missing=("Landlock: absent",))
    said = state.sentence()
    assert said.startswith("This platform offers no confinement that torchkata knows (Landlock: ")
    assert said.endswith("): grade only your own code here.")


def test_sentence_of_partial_confinement():
    """Where a part is missing, the sentence names it."""
    state = Confinement(level="partial", measures=("rlimits", "seccomp"), missing=("Landlock: no",))
    expected = "Submissions run partly confined (rlimits, seccomp), without: Landlock: no."
    assert state.sentence() == expected


def test_other_platforms_say_so(monkeypatch):
    """Where neither Landlock nor seccomp exists, nothing is raised and the level is none."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(confinement, "limit", lambda _: [])
    state = confine(Limits())
    assert state == confinement.available_confinement()
    assert (state.level, state.measures) == ("none", ("rlimits",))
    confinement.die_with_parent()


def test_available_agrees_with_confining():
    """What is promised beforehand is what a child then gets, and the caller stays free."""
    done = run_confined(
        """
        from torchkata.worker.confinement.confine import Limits, available, confine, readable_paths
        promised = available()
        open("/etc/passwd").close()
        assert confine(Limits(), readable=readable_paths()) == promised
        print(promised.level)
        """
    )
    assert done.stdout == "full\n", done.stderr


def test_child_dies_with_its_parent():
    """A worker whose judge is gone is killed by the kernel, which closes what it held open."""
    done = run_confined(
        """
        import os, signal
        from torchkata.worker.confinement.confine import die_with_parent
        ready, tell = os.pipe()
        if os.fork() == 0:
            die_with_parent()
            os.write(tell, b"x")
            signal.pause()
        os.read(ready, 1)
        print("gone", flush=True)
        os._exit(0)
        """,
        timeout=20,  # the output's end never comes while a child lives
    )
    assert done.stdout == "gone\n"


if __name__ == "__main__":
    stage(*sys.argv[1:])
