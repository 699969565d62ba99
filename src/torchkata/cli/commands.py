"""The command table: each command's name, arguments and the function that runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SHELLS: Final = ("bash", "zsh", "fish")
DEFAULT_MUTANTS: Final = 20
"""How many mutants of a reference the gate judges."""


@dataclass(frozen=True)
class Argument:
    """The parameters of one call of `ArgumentParser.add_argument`."""

    flags: tuple[str, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command.

    Attributes:
        name: the verb on the command line.
        function: `MODULE:NAME` of a function that takes the parsed options and the translations of
            the course, and returns an exit code. It is imported when the command runs.
        help: one sentence; empty for a command that `--help` does not list.
        arguments: its arguments.
        in_kit: whether learners can run it in a kit; other commands need the course's repository.
        needs_workers: whether to start the zygote, which imports torch, before `function` does.
        needs_terminal: whether it reads keys from a terminal.
        needs_course: whether it works on a course; the others work in every folder.
        judges: whether its exit code is a verdict, which needs the whole output to be written.
    """

    name: str
    function: str
    help: str
    arguments: tuple[Argument, ...] = ()
    in_kit: bool = False
    needs_workers: bool = False
    needs_terminal: bool = False
    needs_course: bool = True
    judges: bool = False


def _arg(flags: str, metavar: str | tuple[str, ...], text: str, **options: Any) -> Argument:
    """Return a positional argument, or an option that takes a value."""
    return Argument(tuple(flags.split()), {"metavar": metavar, "help": text, **options})


def _path(flag: str, metavar: str, text: str, **options: Any) -> Argument:
    """Return an argument that names a file or folder."""
    return _arg(flag, metavar, text, type=Path, **options)


def _flag(flag: str, text: str, **options: Any) -> Argument:
    """Return an option without a value."""
    return Argument((flag,), {"action": "store_true", "help": text, **options})


_NAME: Final = _arg("name", "NAME", "exercise")
_NAMES: Final = _arg("names", "NAME", "exercises (default: all)", nargs="*")
_CHAPTER: Final = _arg("--chapter", "C", "chapter (default: all)", action="append", default=[])
_CHAPTERS: Final = _arg(
    "--chapter --chapters", "C", "chapters (default: all)",
    dest="chapter", action="extend", nargs="+", default=[],
)  # fmt: skip
_DEVICE: Final = _arg("--device", "D", "cuda, mps or xpu", action="append", default=[])
_SEED: Final = _arg("--seed", "N", "repeat the inputs of an earlier run", type=int)
_JUNIT: Final = _path("--junit", "FILE", "write a JUnit XML report")
_NO_COLOR: Final = _flag("--no-color", "print plain text")
_LIMIT: Final = _arg("--limit", "S", "seconds per call of a submission (default: 20)", type=float)
_FORMAT: Final = _arg(
    "--format", "FORMAT", "text, or problems: one line per finding, for editors (default: text)",
    choices=("text", "problems"), default="text",
)  # fmt: skip
_MUTANTS: Final = _arg(
    "--mutants", "N",
    f"mutants per exercise (default: {DEFAULT_MUTANTS} of named exercises, else 0)",
    type=int, nargs="?", const=DEFAULT_MUTANTS,
)  # fmt: skip
_ARG: Final = _arg(
    "--arg", "NAME=VALUE", 'an argument of FUNCTION, such as "x=randn(500, 10)"',
    action="append", default=[],
)  # fmt: skip
_FAIL_ON: Final = _arg(
    "--fail-on", "WHAT", "warnings or waits (host synchronizations): exit with 1 if there are any",
    action="append", choices=("warnings", "waits"), default=[],
)  # fmt: skip
_ALLOW_UNCONFINED: Final = _flag(
    "--allow-unconfined",
    "grade even if submissions cannot be confined; they can then forge their own score",
)

COMMANDS: Final = (
    Command(
        name="init",
        function="torchkata.cli.init:init",
        help="Write torchkata's exercises to a folder, or start a course of your own.",
        arguments=(
            _path("folder", "DIR", "folder to write; it must not exist yet"),
            _flag("--course", "start an author's course instead", dest="author"),
        ),
        needs_course=False,
    ),
    Command(
        name="doctor",
        function="torchkata.cli.doctor:doctor",
        help="Check this machine: what is missing or limited, and what that costs.",
        arguments=(_NO_COLOR,),
        needs_course=False,
    ),
    Command(
        name="grade",
        function="torchkata.cli.grade:grade",
        help="Grade exercises and explain what is wrong.",
        arguments=(
            _NAMES,
            _CHAPTER,
            _path("--exercises", "DIR", "grade the files in this folder"),
            _DEVICE,
            _SEED,
            _path("--json", "FILE", "write a JSON report"),
            _JUNIT,
            _path("--html", "FILE", "write an HTML report"),
            _FORMAT,
            _flag("--complete", "exit with 0 only if everything passes"),
            _NO_COLOR,
            _flag("--verbose", "show every check"),
            _LIMIT,
        ),
        in_kit=True,
        needs_workers=True,
        judges=True,
    ),
    Command(
        name="watch",
        function="torchkata.cli.learner:watch",
        help="Grade an exercise whenever it is saved.",
        arguments=(
            _arg("name", "NAME", "exercise (default: the first unfinished one)", nargs="?"),
            _CHAPTER,
            _NO_COLOR,
            _flag("--poll", "poll the file, if saves are not noticed"),
            _LIMIT,
        ),
        in_kit=True,
        needs_workers=True,
        needs_terminal=True,
    ),
    Command(
        name="list",
        function="torchkata.cli.grade:list_exercises",
        help="List exercises by chapter with their states.",
        arguments=(_CHAPTER, _NO_COLOR),
        in_kit=True,
    ),
    Command(
        name="hint",
        function="torchkata.cli.learner:hint",
        help="Show a hint, one level at a time.",
        arguments=(
            _NAME,
            _arg("level", "LEVEL", "1 to 3 (default: one more than before)", type=int, nargs="?"),
            _NO_COLOR,
        ),
        in_kit=True,
    ),
    Command(
        name="case",
        function="torchkata.cli.case:case",
        help="Write a script that calls your function with the inputs of one case.",
        arguments=(
            _NAME,
            _arg("case", "CASE", "name or number (default: list all cases)", nargs="?"),
            _SEED,
            _path("--out", "FILE.py", "file to write (default: case_NAME.py)"),
            _NO_COLOR,
            _LIMIT,
        ),
        in_kit=True,
        needs_workers=True,
    ),
    Command(
        name="cost",
        function="torchkata.cli.cost:cost",
        help="Show what each line of your code costs.",
        arguments=(
            _arg("name", "NAME", "exercise, or FILE.py:FUNCTION for code of your own"),
            _arg("--at", "SIZES", "such as n=500,d=10", action="append", default=[]),
            _ARG,
            _FAIL_ON,
            _SEED,
            _path("--json", "FILE", "write the costs as JSON"),
            _NO_COLOR,
            _LIMIT,
        ),
        in_kit=True,
    ),
    Command(
        name="show",
        function="torchkata.cli.learner:show",
        help="Print an exercise's statement, signatures and file.",
        arguments=(_NAME, _NO_COLOR),
        in_kit=True,
    ),
    Command(
        name="reset",
        function="torchkata.cli.learner:reset",
        help="Restore the original files of exercises; your files are kept.",
        arguments=(_arg("names", "NAME", "exercises", nargs="+"), _NO_COLOR),
        in_kit=True,
    ),
    Command(
        name="solutions",
        function="torchkata.cli.instructor:solutions",
        help="Create or update the branch `solutions`.",
        arguments=(_arg("--base", "BRANCH", "its base (default: main)", default="main"),),
    ),
    Command(
        name="gradebook",
        judges=True,
        function="torchkata.cli.instructor:gradebook",
        help="Grade a class into a gradebook.",
        arguments=(
            _path("submissions", "SUBMISSIONS", "folder with one entry per learner", nargs="?"),
            _path("--out", "DIR", "folder of the gradebook", required=True),
            _arg("--jobs", "N", "processes (default: 1)", type=int, default=1),
            _arg("--deadline", "T", "such as 2026-05-01T23:59+02:00"),
            _CHAPTER,
            _arg("--scheduler", "ADDRESS", "of Dask: tcp://host:8786, or `local` for this machine"),
            _arg("--replay", ("LEARNER", "EXERCISE"), "repeat a grading with its inputs", nargs=2),
        ),
    ),
    Command(
        name="kit",
        function="torchkata.cli.instructor:kit",
        help="Write the kit for learners, without readable solutions or hidden cases.",
        arguments=(
            _path("--out", "DIR", "folder of the kit", required=True),
            _CHAPTERS,
            _flag("--open-only", "leave out graders and references"),
        ),
    ),
    Command(
        name="gradescope",
        function="torchkata.cli.autograder:gradescope",
        help="Write an autograder.zip that grades submissions on Gradescope.",
        arguments=(
            _path("--out", "FILE.zip", "file to write", required=True),
            _CHAPTER,
            _ALLOW_UNCONFINED,
        ),
    ),
    Command(
        name="harness",
        function="torchkata.cli.autograder:harness",
        help="Write a workflow for GitHub Classroom or GitLab CI.",
        arguments=(
            _arg("harness", "github|gitlab", "the platform", choices=("github", "gitlab")),
            _path("--out", "DIR", "folder to write to", required=True),
        ),
    ),
    Command(
        name="handin",
        judges=True,
        function="torchkata.cli.autograder:handin",
        help="Grade one submission, as an autograder does.",
        arguments=(
            _path("submission", "SUBMISSION", "folder"),
            _path("--results", "FILE.json", "file to write the results to", required=True),
            _JUNIT,
            _path("--summary", "FILE", "append a summary in Markdown"),
            _path("--classroom", "FILE", "write results for GitHub Classroom's reporter"),
            _CHAPTER,
            _SEED,
            _flag("--strict", "exit with 1 if any exercise fails"),
            _ALLOW_UNCONFINED,
        ),
    ),
    Command(
        name="check",
        judges=True,
        function="torchkata.cli.author:check",
        help="Validate exercises: stubs, solutions, traps and alternatives.",
        arguments=(
            _NAMES,
            _CHAPTER,
            _flag("--seal", "record the current stubs as originals"),
            _MUTANTS,
            _arg("--mutant-seed", "S", "draw other mutants (default: 0)", default="0"),
            _flag("--rules", "only list the rules of the statements with their checks"),
            _arg("--jobs", "N", "exercises at a time (default: one per core)", type=int),
            _SEED,
            _LIMIT,
        ),
    ),
    Command(
        name="new",
        function="torchkata.cli.author:new",
        help="Create the three files of a new exercise.",
        arguments=(_arg("name", "CHAPTER/NN_NAME", "such as 09_beyond/11_gather_rows"),),
    ),
    Command(
        name="completion",
        function="torchkata.cli.completion:print_script",
        help="Print a completion script for a shell.",
        arguments=(_arg("shell", "SHELL", "bash, zsh or fish", choices=SHELLS),),
        in_kit=True,
    ),
    Command(
        name="complete",
        function="torchkata.cli.completion:print_candidates",
        help="",  # only the completion script calls it
        arguments=(_arg("words", "WORD", "the words so far", nargs="*"),),
        in_kit=True,
    ),
)
