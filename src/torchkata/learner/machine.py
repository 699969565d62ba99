"""What this machine can do for grading: what is missing or limited, and what that costs."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from torchkata.i18n import EMPTY, Message, _, join, semicolon_list, verbatim
from torchkata.sandbox.cpu_clock import CpuClock
from torchkata.worker.confinement.confine import Confinement, Limits, confine

_GIB: Final = 1 << 30
_ENOUGH_MEMORY: Final = 2.0  # GiB: judge, zygote, and the workers of one exercise
_ENOUGH_DISK: Final = 0.1  # GiB
_ENOUGH_FILES: Final = 128
_NEWEST_PYTHON: Final = (3, 14)
_TORCH_SECONDS: Final = 120
_TORCH_REQUIREMENT: Final = ("torch<", "torch>", "torch=")
_TORCH: Final = (
    "import json, torch; print(json.dumps([torch.__version__, torch.cuda.device_count(), "
    "torch.backends.mps.is_available()]))"
)


class Status(StrEnum):
    """How good a part of the machine is."""

    OK = "ok"
    LIMITED = "limited"
    """Grading works, but something costs more or is not judged."""
    MISSING = "missing"
    """Grading does not work."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One part of the machine.

    Attributes:
        topic: its name.
        status: how good it is.
        found: what there is.
        cost: what a limit costs, and what to do; empty if nothing is limited.
    """

    topic: Message
    found: Message
    status: Status = Status.OK
    cost: Message = EMPTY


def examine(folder: Path) -> Iterator[Finding]:
    """Yield the findings in the order in which to read them.

    Args:
        folder: in which the learner works.
    """
    yield _python()
    yield _torch()
    yield _system()
    if sys.platform.startswith("linux"):
        yield _confinement(folder=False)
        yield _confinement(folder=True)
    yield _clock()
    yield _memory()
    yield _files()
    yield _folder(folder)
    yield _terminal()
    yield _browser()
    yield _editor()


def _python() -> Finding:
    found = verbatim(sys.version.split()[0])
    if sys.version_info[:2] <= _NEWEST_PYTHON:
        return Finding(topic=_("Python"), found=found)
    return Finding(
        topic=_("Python"),
        found=found,
        status=Status.LIMITED,
        cost=_("torchkata was tested with Python 3.11 to 3.14 only."),
    )


def _torch() -> Finding:
    topic, wanted = _("PyTorch"), _torch_range()
    try:
        installed = version("torch")
    except PackageNotFoundError:
        return Finding(
            topic=topic,
            found=_("not installed in {python}", python=sys.executable),
            status=Status.MISSING,
            cost=_(
                "Install it: {command}",
                command=shlex.join([sys.executable, "-m", "pip", "install", wanted]),
            ),
        )
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, "-I", "-c", _TORCH],
        capture_output=True, text=True, timeout=_TORCH_SECONDS, check=False,
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        return Finding(
            topic=topic,
            found=_("{version}, which cannot be imported: {error}", version=installed, error=last),
            status=Status.MISSING,
            cost=_("Install it again, in the build for this machine."),
        )
    name, gpus, mps = json.loads(done.stdout.splitlines()[-1])
    accelerators = f"cuda x {gpus}" if gpus else "mps" if mps else ""
    found = _("{version}, {accelerators}", version=name, accelerators=accelerators or "CPU")
    if wanted and not _is_in_range(installed, wanted):
        cost = _("torchkata was tested with {range} only: counts of ops may differ.", range=wanted)
        return Finding(topic=topic, found=found, status=Status.LIMITED, cost=cost)
    return Finding(topic=topic, found=found)


def _torch_range() -> str:
    """Return the requirement of the engine, such as `torch>=2.12,<2.15`."""
    found = (each for each in requires("torchkata") or () if each.startswith(_TORCH_REQUIREMENT))
    return next(found, "torch")


def _is_in_range(installed: str, wanted: str) -> bool:
    from packaging.requirements import Requirement  # noqa: PLC0415 - rarely used

    return Requirement(wanted).specifier.contains(installed, prereleases=True)


def _system() -> Finding:
    topic, found = _("System"), verbatim(sys.platform)
    if sys.platform.startswith("linux"):
        return Finding(topic=topic, found=found)
    if sys.platform == "darwin":
        cost = _(
            "Submissions run unconfined and start slowly, and speed is measured in wall time. "
            "Grade only your own code here."
        )
        return Finding(topic=topic, found=found, status=Status.LIMITED, cost=cost)
    cost = _("torchkata does not run here. On Windows, use WSL2: wsl --install")
    return Finding(topic=topic, found=found, status=Status.MISSING, cost=cost)


def _confinement(*, folder: bool) -> Finding:
    """Confine a child as a worker is confined, and report what it got."""
    topic = _("Data loaders") if folder else _("Confinement")
    with tempfile.TemporaryDirectory() as private:
        (Path(private) / "tmp").mkdir()
        place = private if folder else ""
        got = _in_child(lambda: confine(Limits(), allow_processes=folder, private=place))
    expected = {"a ban on Unix sockets with a path, which data loaders use"} if folder else set()
    missing = [each for each in got.missing if each not in expected]
    found = verbatim(", ".join(got.measures) or "-")
    if not missing:
        return Finding(topic=topic, found=found)
    if got.level == "none":
        cost = _("Submissions are not confined. Grade only your own code here.")
    elif any(each.startswith("private folders") for each in missing):
        cost = _("Submissions with data loaders can leave files for each other.")
    else:
        cost = _("Submissions are confined less than elsewhere.")
    reasons = _("Missing: {missing}.", missing=semicolon_list(missing))
    cost = join(cost, reasons)
    return Finding(topic=topic, found=found, status=Status.LIMITED, cost=cost)


def _in_child(work: Callable[[], Confinement]) -> Confinement:
    """Return the result of a function that changes its process for good."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(writer, json.dumps(asdict(work())).encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        text = stream.read()
    os.waitpid(pid, 0)
    if not text:
        return Confinement(level="none", measures=(), missing=("the process ended",))
    return Confinement(**json.loads(text))


def _clock() -> Finding:
    topic, cores = _("Clock"), len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    if not CpuClock(os.getpid()).exact:
        cost = _("Speed cannot be judged on a busy machine: some checks are unmeasurable.")
        return Finding(topic=topic, found=_("wall time"), status=Status.LIMITED, cost=cost)
    load = os.getloadavg()[0]
    found = _("CPU time, {cores} cores, load {load:.1f}", cores=cores, load=load)
    if load <= cores + 1:
        return Finding(topic=topic, found=found)
    cost = _("The machine is busy: grading is slower, and some speed checks are unmeasurable.")
    return Finding(topic=topic, found=found, status=Status.LIMITED, cost=cost)


def _memory() -> Finding:
    available = _available_memory()
    if available is None:
        return Finding(topic=_("Memory"), found=_("unknown"))
    gib = available / _GIB
    found = _("{gib:.1f} GiB available", gib=gib)
    if gib >= _ENOUGH_MEMORY:
        return Finding(topic=_("Memory"), found=found)
    cost = _("Grading needs about 2 GiB. Large cases may fail: close other programs.")
    return Finding(topic=_("Memory"), found=found, status=Status.LIMITED, cost=cost)


def _available_memory() -> int | None:
    """Return bytes: of the machine, or of the container's limit if that is lower."""
    sizes = []
    with suppress(OSError, ValueError, IndexError):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable"))
        sizes.append(int(line.split()[1]) * 1024)
    with suppress(OSError, ValueError):
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
        sizes.append(limit - used)
    return min(sizes, default=None)


def _files() -> Finding:
    try:
        import resource  # noqa: PLC0415 - does not exist on every platform
    except ImportError:
        return Finding(topic=_("Open files"), found=_("unknown"))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    found = _("no limit") if soft == resource.RLIM_INFINITY else _("at most {n}", n=soft)
    if soft == resource.RLIM_INFINITY or soft >= _ENOUGH_FILES:
        return Finding(topic=_("Open files"), found=found)
    cost = _("Exercises with many workers may end early. Raise the limit: ulimit -n 1024")
    return Finding(topic=_("Open files"), found=found, status=Status.LIMITED, cost=cost)


def _folder(folder: Path) -> Finding:
    gib = shutil.disk_usage(folder).free / _GIB
    found = _("{folder}, {gib:.1f} GiB free", folder=folder, gib=gib)
    if not os.access(folder, os.W_OK):
        cost = _("You cannot write here: progress is not saved, and exercises cannot be edited.")
    elif gib < _ENOUGH_DISK:
        cost = _("The disk is almost full: progress and reports may not be saved.")
    else:
        return Finding(topic=_("Folder"), found=found)
    return Finding(topic=_("Folder"), found=found, status=Status.LIMITED, cost=cost)


def _terminal() -> Finding:
    name = os.environ.get("TERM", "")
    encoding = getattr(sys.stdout, "encoding", None) or "?"
    found = verbatim(f"{name or '-'}, {encoding}")
    costs = []
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or name == "dumb":
        costs.append(_("`nox -s watch` needs a terminal; grade single runs instead."))
    if encoding.lower().replace("-", "") != "utf8":
        costs.append(_("Symbols and other languages are escaped. Set PYTHONUTF8=1."))
    status = Status.LIMITED if costs else Status.OK
    return Finding(topic=_("Terminal"), found=found, status=status, cost=join(*costs))


def _browser() -> Finding:
    with suppress(webbrowser.Error):
        name = getattr(webbrowser.get(), "name", "")
        return Finding(topic=_("Browser"), found=verbatim(str(name) or "-"))
    cost = _("Reports of `nox -s grade -- --html FILE` have to be opened on another machine.")
    return Finding(topic=_("Browser"), found=_("none"), status=Status.LIMITED, cost=cost)


def _editor() -> Finding:
    known = ("code", "codium", "nvim", "vim", "emacs", "nano")
    chosen = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    found = chosen or next((name for name in known if shutil.which(name)), "")
    if found:
        return Finding(topic=_("Editor"), found=verbatim(found))
    cost = _("Any editor works. docs/editors.md shows how some of them grade the open file.")
    return Finding(topic=_("Editor"), found=_("none known"), status=Status.LIMITED, cost=cost)
