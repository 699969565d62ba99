"""Sessions: `nox -s grade` for learners, `nox -s tests` for contributors; `nox -l` lists all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"  # one environment for all sessions: PyTorch is large
nox.options.sessions = ["grade"]

ROOT = Path(__file__).resolve().parent
HOME = ROOT / ".nox" / "kata"
PYTHON = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
SAFE_PYTHON = (str(PYTHON), "-P")  # imports nothing from the working directory
TORCH = os.environ.get("TORCHKATA_TORCH", "torch==2.13.0")
INSTALLED_TORCH = bool(os.environ.get("TORCHKATA_INSTALLED_TORCH"))  # use this Python's torch
ANY_INDEX = any(os.environ.get(f"PIP_{name}") for name in ("INDEX_URL", "EXTRA_INDEX_URL"))
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"
OLDEST = (3, 11)
MOST_TESTERS = 4  # parallel test processes; each uses up to 1 GB


def is_usable() -> bool:
    """Return whether the environment has pip, and shares packages as requested."""
    settings = HOME / "pyvenv.cfg"
    if not PYTHON.exists() or not settings.exists():
        return False
    shares = "include-system-site-packages = true" in settings.read_text(encoding="utf-8")
    command = [*SAFE_PYTHON, "-m", "pip", "--version"]
    works = subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603
    return works and shares == INSTALLED_TORCH


def make_environment(session: nox.Session) -> None:
    """Create the environment, anew if an interrupted attempt left one without pip."""
    if is_usable():
        return
    session.log("Setting up the environment once ...")
    shared = ["--system-site-packages"] if INSTALLED_TORCH else []
    session.run(sys.executable, "-I", "-m", "venv", "--clear", *shared, str(HOME), silent=True)
    if sys.platform.startswith("linux") and not INSTALLED_TORCH and not ANY_INDEX:
        session.log(
            "PyTorch for CUDA is 2.8 GB to download and 4.9 GB on disk. For the CPU build "
            "(1.1 GB), stop with Ctrl+C and run: "
            f"PIP_EXTRA_INDEX_URL={CPU_BUILDS} nox -s {session.name}"
        )


def install(session: nox.Session, extra: str = "") -> None:
    """Install the engine unless the environment's fingerprint says that it is up to date."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    parts = [TORCH, str(INSTALLED_TORCH), sys.version, str(ROOT), project]
    fingerprint = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    mark = HOME / f"torchkata{extra and '-' + extra}.fingerprint"
    if mark.exists() and mark.read_text(encoding="utf-8") == fingerprint:
        return
    if os.name == "nt":
        session.error(
            "torchkata does not run on Windows itself, but in WSL2. In PowerShell: wsl --install. "
            "Restart, open Ubuntu, and run the same commands there."
        )
    if sys.version_info < OLDEST:
        session.error(
            f"torchkata needs Python 3.11 or newer, but nox runs on {sys.version.split()[0]}. "
            "Install nox with a newer Python: python3.11 -m pip install nox"
        )
    make_environment(session)
    target = f".[{extra}]" if extra else "."
    pip = [*SAFE_PYTHON, "-m", "pip", "install", "--no-user", "--disable-pip-version-check"]
    torch = () if INSTALLED_TORCH else (TORCH,)
    session.run(*pip, *torch, "--editable", target)
    mark.write_text(fingerprint, encoding="utf-8")


def torchkata(session: nox.Session, verb: str, extra: str = "") -> None:
    """Run a torchkata command with the arguments after `--`."""
    install(session, extra)
    session.run(*SAFE_PYTHON, "-m", "torchkata", verb, *session.posargs)


@nox.session
def grade(session: nox.Session) -> None:
    """Grade exercises: `nox -s grade`, `nox -s grade -- NAME ...`."""
    torchkata(session, "grade")


@nox.session
def watch(session: nox.Session) -> None:
    """Grade an exercise at every save, with a key for everything else: `nox -s watch`."""
    torchkata(session, "watch")


@nox.session(name="list")
def list_(session: nox.Session) -> None:
    """List the exercises by chapter with their states."""
    torchkata(session, "list")


@nox.session
def hint(session: nox.Session) -> None:
    """Show a hint: `nox -s hint -- NAME [LEVEL]`."""
    torchkata(session, "hint")


@nox.session
def doctor(session: nox.Session) -> None:
    """Check this machine: what is missing or limited, and what that costs."""
    torchkata(session, "doctor")


@nox.session
def case(session: nox.Session) -> None:
    """Write a script for one case: `nox -s case -- NAME CASE [--seed N]`."""
    torchkata(session, "case")


@nox.session
def cost(session: nox.Session) -> None:
    """Show what each line of your code costs: `nox -s cost -- NAME`."""
    torchkata(session, "cost")


@nox.session
def show(session: nox.Session) -> None:
    """Print an exercise's statement: `nox -s show -- NAME [--lang LANG]`."""
    torchkata(session, "show")


@nox.session
def reset(session: nox.Session) -> None:
    """Restore the original stub and keep a backup of your file: `nox -s reset -- NAME`."""
    torchkata(session, "reset")


@nox.session
def solutions(session: nox.Session) -> None:
    """Create or update the branch `solutions`, on which everything passes."""
    torchkata(session, "solutions")


@nox.session
def kit(session: nox.Session) -> None:
    """Write a kit for learners: `nox -s kit -- --out DIR [--chapters C ...] [--open-only]`."""
    torchkata(session, "kit")


@nox.session
def gradebook(session: nox.Session) -> None:
    """Grade a class: `nox -s gradebook -- SUBMISSIONS --out DIR [--jobs N]`."""
    torchkata(session, "gradebook")


@nox.session
def audit(session: nox.Session) -> None:
    """List what in submissions deserves a look: `nox -s audit -- FILE ...`."""
    torchkata(session, "audit")


@nox.session
def gradescope(session: nox.Session) -> None:
    """Build an autograder archive: `nox -s gradescope -- --out autograder.zip`."""
    torchkata(session, "gradescope")


@nox.session
def harness(session: nox.Session) -> None:
    """Write an autograding workflow: `nox -s harness -- github --out DIR`, or `gitlab`."""
    torchkata(session, "harness")


@nox.session
def check(session: nox.Session) -> None:
    """Check that exercises are sound: `nox -s check`, `nox -s check -- NAME ... --mutants`."""
    torchkata(session, "check", "author")


@nox.session
def new(session: nox.Session) -> None:
    """Create an exercise: `nox -s new -- CHAPTER/NN_name`."""
    torchkata(session, "new")


@nox.session
def tests(session: nox.Session) -> None:
    """Test the engine; `nox -s check` tests the exercises."""
    install(session, "dev")
    # One more than cores: a test waits a quarter of its time for other processes or the clock.
    testers = min((os.cpu_count() or 1) + 1, MOST_TESTERS)
    session.run(
        *SAFE_PYTHON, "-m", "pytest",
        f"--numprocesses={testers}", "--dist=worksteal", *session.posargs,
    )  # fmt: skip


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    install(session, "dev")
    session.run(*SAFE_PYTHON, "-m", "ruff", "check", ".")
    session.run(*SAFE_PYTHON, "-m", "ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types strictly."""
    install(session, "dev")
    session.run(*SAFE_PYTHON, "-m", "mypy", "src", "noxfile.py")
