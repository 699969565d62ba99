"""Sessions: `nox -s grade` for learners, `nox -s tests` for authors; `nox -l` lists them all."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["grade"]

ROOT = Path(__file__).resolve().parent
TORCH = os.environ.get("TORCHKATA_TORCH", "torch==2.13.0")


def install(session: nox.Session, *extras: str) -> None:
    """Install the engine, unless the environment already holds it by a fingerprint."""
    words = [TORCH, sys.version, (ROOT / "pyproject.toml").read_text(encoding="utf-8"), *extras]
    fingerprint = hashlib.sha256("\n".join(words).encode()).hexdigest()
    mark = Path(session.virtualenv.location) / "torchkata.fingerprint"
    if mark.exists() and mark.read_text(encoding="utf-8") == fingerprint:
        return
    session.log("Setting up (a few minutes the first time: PyTorch is large) ...")
    target = f".[{','.join(extras)}]" if extras else "."
    session.install(TORCH, "--editable", target)
    mark.write_text(fingerprint, encoding="utf-8")


def torchkata(session: nox.Session, verb: str, *words: str) -> None:
    """Run a verb of the command line with the words behind `--`."""
    install(session)
    arguments = [*words, *session.posargs]
    session.run("python", "-m", "torchkata", verb, *arguments, silent=False)


@nox.session
def grade(session: nox.Session) -> None:
    """Judge the exercises: `nox -s grade`, `nox -s grade -- NAME ...`."""
    torchkata(session, "grade")


@nox.session(name="list")
def list_(session: nox.Session) -> None:
    """Show the exercises by chapter with their states."""
    torchkata(session, "list")


@nox.session
def hint(session: nox.Session) -> None:
    """Show a hint: `nox -s hint -- NAME [LEVEL]`."""
    torchkata(session, "hint")


@nox.session
def reset(session: nox.Session) -> None:
    """Bring back an exercise as shipped; your file is kept: `nox -s reset -- NAME`."""
    torchkata(session, "reset")


@nox.session
def solutions(session: nox.Session) -> None:
    """Make or update the branch `solutions`, on which everything passes."""
    torchkata(session, "solutions")


@nox.session
def check(session: nox.Session) -> None:
    """Prove exercises sound: `nox -s check`, `nox -s check -- NAME ...`."""
    torchkata(session, "check")


@nox.session
def new(session: nox.Session) -> None:
    """Start an exercise: `nox -s new -- CHAPTER/NN_name`."""
    torchkata(session, "new")


@nox.session
def tests(session: nox.Session) -> None:
    """Test the engine, and prove every exercise sound."""
    install(session, "dev")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Look for faults of style."""
    install(session, "dev")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    install(session, "dev")
    session.run("mypy", "src", "noxfile.py")
