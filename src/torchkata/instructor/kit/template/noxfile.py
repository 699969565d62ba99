"""Sessions: `nox -s grade`, `nox -s watch`, `nox -s hint -- NAME`; `nox -l` lists all of them."""

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
VENV = ROOT / ".nox" / "kata"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
SETTINGS = ROOT / "course.toml"
SAFE_PYTHON = (str(PYTHON), "-P")  # imports nothing from the working directory
TORCH = os.environ.get("TORCHKATA_TORCH", "torch==2.13.0")
INSTALLED_TORCH = bool(os.environ.get("TORCHKATA_INSTALLED_TORCH"))  # use this Python's torch
ANY_INDEX = any(os.environ.get(f"PIP_{name}") for name in ("INDEX_URL", "EXTRA_INDEX_URL"))
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"
OLDEST = (3, 11)


def is_usable() -> bool:
    """Return whether the environment has pip, and shares packages as requested."""
    settings = VENV / "pyvenv.cfg"
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
    session.run(sys.executable, "-I", "-m", "venv", "--clear", *shared, str(VENV), silent=True)
    if sys.platform.startswith("linux") and not INSTALLED_TORCH and not ANY_INDEX:
        session.log(
            "PyTorch for CUDA is 2.8 GB to download and 4.9 GB on disk. For the CPU build "
            "(1.1 GB), stop with Ctrl+C and run: "
            f"PIP_EXTRA_INDEX_URL={CPU_BUILDS} nox -s {session.name}"
        )


def install(session: nox.Session) -> None:
    """Install PyTorch and the engine, unless a fingerprint shows that both are up to date."""
    wheel = next(ROOT.glob("torchkata-*.whl"), None)
    if wheel is None:
        session.error("The engine (torchkata-*.whl) is missing. Download the kit again.")
    engine = hashlib.sha256(wheel.read_bytes()).hexdigest()
    settings = SETTINGS.read_text(encoding="utf-8") if SETTINGS.exists() else ""
    fingerprint = "\n".join([TORCH, str(INSTALLED_TORCH), sys.version, str(ROOT), engine, settings])
    file = VENV / "torchkata.fingerprint"
    if file.exists() and file.read_text(encoding="utf-8") == fingerprint:
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
    pip = [*SAFE_PYTHON, "-m", "pip", "install", "--no-user", "--disable-pip-version-check"]
    torch = () if INSTALLED_TORCH else (TORCH,)
    session.run(*pip, *torch, *required(settings), str(wheel))
    # A wheel of the same version may have other content
    session.run(*pip, "--force-reinstall", "--no-deps", str(wheel))
    file.write_text(fingerprint, encoding="utf-8")


def required(settings: str) -> list[str]:
    """Return the packages that the course's settings require."""
    import tomllib  # noqa: PLC0415 - older Pythons have been refused by now

    packages: list[str] = tomllib.loads(settings).get("requires", [])
    return packages


def torchkata(session: nox.Session, command: str) -> None:
    """Run a torchkata command with the arguments after `--`."""
    install(session)
    session.run(*SAFE_PYTHON, "-m", "torchkata", command, *session.posargs)


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
def show(session: nox.Session) -> None:
    """Print an exercise's statement: `nox -s show -- NAME [--lang LANG]`."""
    torchkata(session, "show")


@nox.session
def reset(session: nox.Session) -> None:
    """Restore the original stub and keep a backup of your file: `nox -s reset -- NAME`."""
    torchkata(session, "reset")
