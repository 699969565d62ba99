"""Sessions: `nox -s grade`, `nox -s watch`, `nox -s hint -- NAME`; `nox -l` lists them all."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "none"  # one environment for all sessions: PyTorch is large
nox.options.sessions = ["grade"]

ROOT = Path(__file__).resolve().parent
HOME = ROOT / ".nox" / "kata"
PYTHON = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
TORCH = os.environ.get("TORCHKATA_TORCH", "torch==2.13.0")
OLDEST = (3, 11)


def install(session: nox.Session) -> None:
    """Install PyTorch and the engine, unless a fingerprint says that both are there already."""
    wheel = next(ROOT.glob("torchkata-*.whl"), None)
    if wheel is None:
        session.error("The engine (torchkata-*.whl) is missing. Download the kit again.")
    engine = hashlib.sha256(wheel.read_bytes()).hexdigest()
    fingerprint = "\n".join([TORCH, sys.version, str(ROOT), engine])
    mark = HOME / "torchkata.fingerprint"
    if mark.exists() and mark.read_text(encoding="utf-8") == fingerprint:
        return
    if sys.version_info < OLDEST:
        session.error(
            f"torchkata needs Python 3.11 or newer, but nox runs on {sys.version.split()[0]}. "
            "Install nox with a newer Python: python3.11 -m pip install nox"
        )
    session.log("Setting up once (PyTorch is large: this can take minutes) ...")
    if not PYTHON.exists():
        session.run(sys.executable, "-m", "venv", str(HOME), silent=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    session.run(*pip, TORCH, str(wheel))
    session.run(*pip, "--force-reinstall", "--no-deps", str(wheel))  # another of the same version
    mark.write_text(fingerprint, encoding="utf-8")


def torchkata(session: nox.Session, verb: str) -> None:
    """Run a verb of the command line with the words behind `--`."""
    install(session)
    session.run(str(PYTHON), "-m", "torchkata", verb, *session.posargs)


@nox.session
def grade(session: nox.Session) -> None:
    """Judge the exercises: `nox -s grade`, `nox -s grade -- NAME ...`."""
    torchkata(session, "grade")


@nox.session
def watch(session: nox.Session) -> None:
    """Judge an exercise at every save, with a key for everything else: `nox -s watch`."""
    torchkata(session, "watch")


@nox.session(name="list")
def list_(session: nox.Session) -> None:
    """Show the exercises by chapter with their states."""
    torchkata(session, "list")


@nox.session
def hint(session: nox.Session) -> None:
    """Show a hint: `nox -s hint -- NAME [LEVEL]`."""
    torchkata(session, "hint")


@nox.session
def show(session: nox.Session) -> None:
    """Print an exercise's statement: `nox -s show -- NAME [--lang LANG]`."""
    torchkata(session, "show")


@nox.session
def reset(session: nox.Session) -> None:
    """Bring back an exercise as shipped; your file is kept: `nox -s reset -- NAME`."""
    torchkata(session, "reset")
