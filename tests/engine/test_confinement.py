"""Confinement: each escape attempt succeeds without it and is denied with it; real work goes on."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from torchkata.worker.confinement import (
    bpf,
    landlock,
    mount_namespace,
    rlimits,
    seccomp,
    syscalls,
)
from torchkata.worker.confinement import confine as confinement
from torchkata.worker.confinement.confine import Confinement, Limits, confine, readable_paths

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or syscalls.architecture() is None,
    reason="confinement exists on Linux, on x86-64 and aarch64",
)

if sys.platform.startswith("linux"):
    import confinement_attempts

    ATTEMPTS = confinement_attempts.ATTEMPTS
else:
    ATTEMPTS = {}

SOURCE = Path(confinement.__file__).parents[3]


def require_full_confinement():
    """Skip the test on a machine without full confinement."""
    state = confinement.available_confinement()
    if state.level != "full":
        pytest.skip(str(state.describe()))


def run_attempts(folder, user="oneself", version=0):
    """Run all escape attempts in a fresh process and return their outcomes."""
    require_full_confinement()
    command = [sys.executable, confinement_attempts.__file__, str(folder), user, str(version)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def as_oneself(tmp_path_factory):
    return run_attempts(tmp_path_factory.mktemp("attempts"))


@pytest.fixture(scope="module")
def on_the_oldest_landlock(tmp_path_factory):
    return run_attempts(tmp_path_factory.mktemp("attempts"), version=1)


@pytest.fixture(scope="module")
def as_nobody():
    if os.getuid() != 0:
        pytest.skip("only root can become another user, and the attempts ran as an ordinary one")
    with tempfile.TemporaryDirectory() as folder:  # other users cannot read pytest's folders
        yield run_attempts(folder, "nobody")


def assert_denied(unconfined, confined):
    """Assert that an attempt is denied if confined, and succeeds otherwise.

    If it failed unconfined, its failure under confinement would prove nothing.
    """
    if confined.startswith("skip"):
        pytest.skip(confined)
    assert confined.startswith("denied"), confined
    if unconfined.startswith("skip"):
        pytest.skip(f"denied when confined, but {unconfined.removeprefix('skip: ')}")
    assert unconfined == "succeeded"


@pytest.mark.parametrize("name", ATTEMPTS)
def test_escape_is_denied(name, as_oneself):
    """Confinement denies access to files, the machine and the judge."""
    assert_denied(*as_oneself["outcomes"][name])


@pytest.mark.parametrize("name", ATTEMPTS)
def test_escape_of_an_ordinary_user_is_denied(name, as_nobody):
    """Confinement needs no privileges, and works for an ordinary user like for root."""
    unconfined, confined = as_nobody["outcomes"][name]
    if unconfined.startswith("denied") and name == "append_to_a_package":
        unconfined = "skip: file permissions deny it anyway"
    assert_denied(unconfined, confined)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_escape_on_an_older_kernel_is_denied(name, on_the_oldest_landlock):
    """The system call filter covers what the first Landlock version could not restrict."""
    assert_denied(*on_the_oldest_landlock["outcomes"][name])


def test_confining_is_quick(as_oneself):
    """Confining takes milliseconds, so that each exercise can have its own process."""
    assert as_oneself["seconds"] < 0.05


# Legitimate work.


def run_confined(body, *, timeout=60):
    """Run statements in a fresh process that confines itself; return the completed process."""
    require_full_confinement()
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
def test_process_ends_with_the_signal_of_the_cause(ending, expected):
    """A process can end itself, and the CPU limit ends one that does not stop."""
    assert run_confined(CONFINE + "    " + ending).returncode == -expected


def test_threads_and_devices_work_when_confined():
    """Threads, random bytes and the null device work; creating temporary files raises OSError."""
    done = run_confined(
        CONFINE
        + """
    import decimal, threading, tempfile, zoneinfo
    results = []
    threads = [threading.Thread(target=results.append, args=(n,)) for n in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert sorted(results) == [0, 1, 2, 3] and len(os.urandom(8)) == 8
    with open(os.devnull, "w") as sink: print("nothing", file=sink)
    assert os.listdir("/proc/self/task") and open("/proc/self/status").read()
    try: tempfile.mkstemp()
    except OSError: print("no temporary file")
    """
    )
    assert (done.returncode, done.stdout) == (0, "no temporary file\n"), done.stderr


def test_torch_works_when_confined():
    """If torch was imported before, numerics, autograd and late imports work."""
    done = run_confined(
        """
        import torch
        import os, warnings
        from torchkata.worker.confinement.confine import Limits, confine, readable_paths
        state = confine(Limits(), readable=readable_paths())
        assert state.level == "full", state
        # Modules of torch.compile that are imported late need an existing cache folder.
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
    for escape in (
        lambda: socket.socket(socket.AF_INET),
        lambda: os.execv("/bin/sh", ["sh"]),
        lambda: os.kill(os.getppid(), 0),
    ):
        try: escape()
        except PermissionError: print("denied")
"""


def test_data_loader_works_if_processes_are_allowed(tmp_path):
    """The workers of a loader run; network, programs and signals to the judge stay denied."""
    require_full_confinement()
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
    for path in ("/dev/shm", f"{folder}/tmp"):
        try:
            with open(f"{path}/{name}", "wb", buffering=0) as file:
                while file.write(bytes(1 << 24)) == 1 << 24: pass
            print("full")
        except OSError as error: print(error.strerror)
        os.remove(f"{path}/{name}")
    with open(f"/dev/shm/{name}", "w") as file: file.write("left")
    print([line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")])
"""


def test_a_loader_has_private_folders(tmp_path):
    """Shared memory and scratch are bounded and temporary; sockets of other programs are hidden.

    Readable paths stay readable, even inside a hidden folder.
    """
    require_full_confinement()
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
    arguments = map(str, (folder, listener, name, kept))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PRIVATE), *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.stdout.startswith("False"):
        pytest.skip("this kernel does not allow this user to create a mount namespace")
    lines = done.stdout.splitlines()
    assert lines[0] == "True partial", done.stderr
    assert lines[1] == "data [] False"
    assert lines[2] == "course file"
    assert set(lines[3:5]) <= {"full", "No space left on device"}
    assert lines[5] == "['0000000000000000']"
    assert not Path("/dev/shm", name).exists()
    assert not list((folder / "tmp").iterdir())


def test_address_space_is_relative_to_what_is_mapped(monkeypatch):
    """A build of PyTorch that maps 5 GiB leaves as much to a submission as one that maps 0.7."""
    assert rlimits.mapped_bytes() > 1 << 20
    monkeypatch.setattr(rlimits, "mapped_bytes", lambda: 5 << 30)

    wanted = {name: hard for name, _soft, hard in rlimits._wanted(rlimits.Limits())}

    assert wanted["RLIMIT_AS"] == (5 << 30) + (4 << 30)


def test_processes_are_bounded_in_a_new_user_namespace_only(monkeypatch):
    """Elsewhere the kernel counts all processes of the user, so that loaders could start none."""
    bounds = []
    monkeypatch.setattr(mount_namespace.os, "getuid", lambda: 1000)
    monkeypatch.setattr(
        mount_namespace.resource, "setrlimit", lambda _which, limit: bounds.append(limit)
    )
    outer = mount_namespace.user_namespace()
    assert outer.startswith("user:")

    with pytest.raises(OSError, match="without a new user namespace"):
        mount_namespace.bound_processes(outer)
    assert bounds == []
    assert mount_namespace.bound_processes("user:[1]") == "at most 64 processes"
    assert bounds == [(64, 64)]


def test_older_threads_are_reported():
    """A thread that started before the confinement is unconfined, so the level is partial."""
    done = run_confined(
        """
        import threading
        from torchkata.worker.confinement.confine import Limits, confine
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        print(confine(Limits()))
        """
    )
    assert "level='partial'" in done.stdout, done.stderr
    assert "confinement of 1 threads" in done.stdout


# Tests that need no kernel.


def verdict(arch, number, *arguments, allow_processes=False, signals_scoped=True, audit=None):
    """Run the filter for process 77 like the kernel; return the errno, 0, or `killed`."""
    steps = seccomp.program(
        arch, 77, allow_processes=allow_processes, signals_scoped=signals_scoped
    )
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("=IIQ6Q", number, audit or arch.audit, 0, *padded)
    value = position = 0
    while True:
        code, if_true, if_false, operand = steps[position]
        position += 1
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
        position += if_true if holds else if_false


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filter_decides_by_arguments(machine):
    """On both architectures, the filter distinguishes threads from forks, and processes."""
    arch = syscalls._ARCHITECTURES[machine]

    def call(name, *arguments, **options):
        table = {**syscalls.INSPECTED, **syscalls.SIGNALS, **syscalls.NETWORK}
        return verdict(arch, table[name][arch.column], *arguments, **options)

    thread = 0x003D0F00
    assert call("clone", thread) == 0
    assert call("clone", signal.SIGCHLD) == errno.EPERM
    assert call("clone", thread | 0x10000000) == errno.EPERM
    assert call("clone", signal.SIGCHLD, allow_processes=True) == 0
    assert call("clone", signal.SIGCHLD | 0x40000000, allow_processes=True) == errno.EPERM
    assert call("kill", 77, 9) == 0
    assert call("kill", 78, 9) == errno.EPERM
    assert call("kill", 2**64 - 1, 9) == errno.EPERM
    assert call("kill", 78, 9, allow_processes=True) == 0
    assert call("kill", 78, 9, allow_processes=True, signals_scoped=False) == errno.EPERM
    assert call("socket", socket.AF_UNIX) == errno.EPERM
    assert call("socket", socket.AF_UNIX, allow_processes=True) == 0
    assert call("socket", socket.AF_INET, allow_processes=True) == errno.EPERM
    assert call("prlimit64", 0, 7, 0, 4096) == 0
    assert call("prlimit64", 0, 7, 1 << 32, 0) == errno.EPERM
    assert call("openat", 0, 0, os.O_RDONLY) == 0
    assert call("openat", 0, 0, os.O_WRONLY | os.O_TRUNC) == 0
    assert call("openat", 0, 0, os.O_RDONLY | os.O_TRUNC) == errno.EPERM
    assert verdict(arch, 0x40000000 + 41) == errno.ENOSYS  # x32
    assert verdict(arch, 0, audit=0x40000003) == "killed"  # i386


@pytest.mark.parametrize(
    ("column", "header"),
    [
        (0, "/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
        (1, "/usr/include/asm-generic/unistd.h"),
    ],
)
def test_system_call_numbers_agree_with_the_headers(column, header):
    """Each number in the tables is that of the kernel's headers."""
    if not Path(header).exists():
        pytest.skip("the kernel's headers are not installed")
    definitions = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", Path(header).read_text())
    known = {name: int(number) for name, number in definitions}
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
def test_rule_sets_fit_the_landlock_version(version, newest, network, scopes, size):
    """A rule set covers every right that its Landlock version knows, and no newer ones."""
    handled = landlock.handled(version)
    assert handled.files == landlock.Access[newest].value * 2 - 1
    assert (handled.network, handled.scopes) == (network, scopes)
    assert len(handled.packed(version)) == size


def test_readable_paths_exclude_the_course(monkeypatch, tmp_path):
    """If the course folder is a virtual environment, only its packages are readable."""
    course = tmp_path / "course"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "prefix", str(course))
    monkeypatch.setattr(sys, "path", [str(course), str(course / "lib/python3/site-packages"), ""])
    paths = readable_paths()
    assert str(course / "lib/python3/site-packages") in paths
    for forbidden in (course, tmp_path, Path.home(), Path("/"), Path("/proc"), Path("/usr")):
        assert str(forbidden) not in paths


def test_full_confinement_is_described():
    """The message lists what is denied, and the measures."""
    state = Confinement(level="full", measures=("rlimits", "landlock 7", "seccomp"), missing=())
    expected = "Submissions run confined: no files, no network, no other processes (rlimits, {}"
    assert str(state.describe()) == expected.format("Landlock 7, seccomp).")


def test_missing_confinement_is_described():
    """Without confinement, the message gives the reason and advice."""
    state = Confinement(level="none", measures=("rlimits",), missing=("Landlock: absent",))
    assert str(state.describe()) == (
        "Submissions run unconfined, because this platform lacks what torchkata needs (Landlock: "
        "absent). Grade only your own code here."
    )


def test_partial_confinement_is_described():
    """The message names the measures in force and the missing ones."""
    state = Confinement(level="partial", measures=("rlimits", "seccomp"), missing=("Landlock: no",))
    expected = "Submissions run partly confined (rlimits, seccomp). Missing: Landlock: no."
    assert str(state.describe()) == expected


def test_level_on_other_platforms_is_none(monkeypatch):
    """On a platform without Landlock and seccomp, nothing is raised, and the level is none."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(confinement, "limit", lambda _: [])
    state = confine(Limits())
    assert state == confinement.available_confinement()
    assert (state.level, state.measures) == ("none", ("rlimits",))
    confinement.die_with_parent()


def test_available_confinement_agrees_with_confine():
    """`confine` puts the predicted measures in force; predicting them confines nothing."""
    done = run_confined(
        """
        from torchkata.worker.confinement.confine import (
            Limits, available_confinement, confine, readable_paths
        )
        predicted = available_confinement()
        open("/etc/passwd").close()
        assert confine(Limits(), readable=readable_paths()) == predicted
        print(predicted.level)
        """
    )
    assert done.stdout == "full\n", done.stderr


def test_child_dies_with_its_parent():
    """The kernel kills a worker whose judge has ended."""
    done = run_confined(
        """
        import os, signal
        from torchkata.worker.confinement.confine import die_with_parent
        inlet, outlet = os.pipe()
        if os.fork() == 0:
            die_with_parent()
            os.write(outlet, b"x")
            signal.pause()
        os.read(inlet, 1)
        print("gone", flush=True)
        os._exit(0)
        """,
        timeout=20,  # the output does not end while a child is alive
    )
    assert done.stdout == "gone\n"
