"""The arguments of commands: what `argparse` needs, and those that several commands share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

DEFAULT_MUTANTS: Final = 20
"""How many mutants of a reference the gate judges."""


@dataclass(frozen=True)
class Argument:
    """The parameters of one call of `ArgumentParser.add_argument`."""

    flags: tuple[str, ...]
    options: Mapping[str, Any]


def arg(flags: str, metavar: str | tuple[str, ...], text: str, **options: Any) -> Argument:
    """Return a positional argument, or an option that takes a value."""
    return Argument(tuple(flags.split()), {"metavar": metavar, "help": text, **options})


def path(flag: str, metavar: str, text: str, **options: Any) -> Argument:
    """Return an argument that names a file or folder."""
    return arg(flag, metavar, text, type=Path, **options)


def flag(flag: str, text: str, **options: Any) -> Argument:
    """Return an option without a value."""
    return Argument((flag,), {"action": "store_true", "help": text, **options})


NAME: Final = arg("name", "NAME", "exercise")
NAMES: Final = arg("names", "NAME", "exercises (default: all)", nargs="*")
CHAPTER: Final = arg("--chapter", "C", "chapter (default: all)", action="append", default=[])
CHAPTERS: Final = arg(
    "--chapter --chapters", "C", "chapters (default: all)",
    dest="chapter", action="extend", nargs="+", default=[],
)  # fmt: skip
DEVICE: Final = arg("--device", "D", "cuda, mps or xpu", action="append", default=[])
SEED: Final = arg("--seed", "N", "repeat the inputs of an earlier run", type=int)
JUNIT: Final = path("--junit", "FILE", "write a JUnit XML report")
NO_COLOR: Final = flag("--no-color", "print plain text")
LIMIT: Final = arg("--limit", "S", "seconds per call of a submission (default: 20)", type=float)
FORMAT: Final = arg(
    "--format", "FORMAT", "text, or problems: one line per finding, for editors (default: text)",
    choices=("text", "problems"), default="text",
)  # fmt: skip
MUTANTS: Final = arg(
    "--mutants", "N",
    f"mutants per exercise (default: {DEFAULT_MUTANTS} of named exercises, else 0)",
    type=int, nargs="?", const=DEFAULT_MUTANTS,
)  # fmt: skip
ARG: Final = arg(
    "--arg", "NAME=VALUE", 'an argument of FUNCTION, such as "x=randn(500, 10)"',
    action="append", default=[],
)  # fmt: skip
FAIL_ON: Final = arg(
    "--fail-on", "WHAT", "warnings or waits (host synchronizations): exit with 1 if there are any",
    action="append", choices=("warnings", "waits"), default=[],
)  # fmt: skip
ALLOW_UNCONFINED: Final = flag(
    "--allow-unconfined",
    "grade even if submissions cannot be confined; they can then forge their own score",
)
