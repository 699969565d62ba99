"""The command table: each command's name, arguments and the function that runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from torchkata.cli.arguments import (
    ALLOW_UNCONFINED,
    ARG,
    CHAPTER,
    CHAPTERS,
    DEVICE,
    FAIL_ON,
    FORMAT,
    JUNIT,
    LIMIT,
    MUTANTS,
    NAME,
    NAMES,
    NO_COLOR,
    SEED,
    Argument,
    arg,
    flag,
    path,
)

SHELLS: Final = ("bash", "zsh", "fish")


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


COMMANDS: Final = (
    Command(
        name="init",
        function="torchkata.cli.init:init",
        help="Write torchkata's exercises to a folder, or start a course of your own.",
        arguments=(
            path("folder", "DIR", "folder to write; it must not exist yet"),
            flag("--course", "start an author's course instead", dest="author"),
        ),
        needs_course=False,
    ),
    Command(
        name="doctor",
        function="torchkata.cli.doctor:doctor",
        help="Check this machine: what is missing or limited, and what that costs.",
        arguments=(NO_COLOR,),
        needs_course=False,
    ),
    Command(
        name="grade",
        function="torchkata.cli.grade:grade",
        help="Grade exercises and explain what is wrong.",
        arguments=(
            NAMES,
            CHAPTER,
            path("--exercises", "DIR", "grade the files in this folder"),
            DEVICE,
            SEED,
            path("--json", "FILE", "write a JSON report"),
            JUNIT,
            path("--html", "FILE", "write an HTML report"),
            FORMAT,
            flag("--complete", "exit with 0 only if everything passes"),
            NO_COLOR,
            flag("--verbose", "show every check"),
            LIMIT,
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
            arg("name", "NAME", "exercise (default: the first unfinished one)", nargs="?"),
            CHAPTER,
            NO_COLOR,
            flag("--poll", "poll the file, if saves are not noticed"),
            LIMIT,
        ),
        in_kit=True,
        needs_workers=True,
        needs_terminal=True,
    ),
    Command(
        name="list",
        function="torchkata.cli.grade:list_exercises",
        help="List exercises by chapter with their states.",
        arguments=(CHAPTER, NO_COLOR),
        in_kit=True,
    ),
    Command(
        name="hint",
        function="torchkata.cli.learner:hint",
        help="Show a hint, one level at a time.",
        arguments=(
            NAME,
            arg("level", "LEVEL", "1 to 3 (default: one more than before)", type=int, nargs="?"),
            NO_COLOR,
        ),
        in_kit=True,
    ),
    Command(
        name="case",
        function="torchkata.cli.case:case",
        help="Write a script that calls your function with the inputs of one case.",
        arguments=(
            NAME,
            arg("case", "CASE", "name or number (default: list all cases)", nargs="?"),
            SEED,
            path("--out", "FILE.py", "file to write (default: case_NAME.py)"),
            NO_COLOR,
            LIMIT,
        ),
        in_kit=True,
        needs_workers=True,
    ),
    Command(
        name="cost",
        function="torchkata.cli.cost:cost",
        help="Show what each line of your code costs.",
        arguments=(
            arg("name", "NAME", "exercise, or FILE.py:FUNCTION for code of your own"),
            arg("--at", "SIZES", "such as n=500,d=10", action="append", default=[]),
            ARG,
            FAIL_ON,
            SEED,
            path("--json", "FILE", "write the costs as JSON"),
            NO_COLOR,
            LIMIT,
        ),
        in_kit=True,
    ),
    Command(
        name="show",
        function="torchkata.cli.learner:show",
        help="Print an exercise's statement, signatures and file.",
        arguments=(NAME, NO_COLOR),
        in_kit=True,
    ),
    Command(
        name="reset",
        function="torchkata.cli.learner:reset",
        help="Restore the original files of exercises; your files are kept.",
        arguments=(arg("names", "NAME", "exercises", nargs="+"), NO_COLOR),
        in_kit=True,
    ),
    Command(
        name="solutions",
        function="torchkata.cli.instructor:solutions",
        help="Create or update the branch `solutions`.",
        arguments=(arg("--base", "BRANCH", "its base (default: main)", default="main"),),
    ),
    Command(
        name="gradebook",
        judges=True,
        function="torchkata.cli.instructor:gradebook",
        help="Grade a class into a gradebook.",
        arguments=(
            path("submissions", "SUBMISSIONS", "folder with one entry per learner", nargs="?"),
            path("--out", "DIR", "folder of the gradebook", required=True),
            arg("--jobs", "N", "processes (default: 1)", type=int, default=1),
            arg("--deadline", "T", "such as 2026-05-01T23:59+02:00"),
            CHAPTER,
            arg("--scheduler", "ADDRESS", "of Dask: tcp://host:8786, or `local` for this machine"),
            arg("--replay", ("LEARNER", "EXERCISE"), "repeat a grading with its inputs", nargs=2),
        ),
    ),
    Command(
        name="kit",
        function="torchkata.cli.instructor:kit",
        help="Write the kit for learners, without readable solutions or hidden cases.",
        arguments=(
            path("--out", "DIR", "folder of the kit", required=True),
            CHAPTERS,
            flag("--open-only", "leave out graders and references"),
        ),
    ),
    Command(
        name="audit",
        function="torchkata.cli.audit:audit",
        help="List what in submissions deserves a look, without running them.",
        arguments=(
            path("files", "FILE", "Python files, or folders of them", nargs="+"),
            path("--json", "FILE", "write a JSON report"),
        ),
        needs_course=False,
        judges=False,
    ),
    Command(
        name="gradescope",
        function="torchkata.cli.autograder:gradescope",
        help="Write an autograder.zip that grades submissions on Gradescope.",
        arguments=(
            path("--out", "FILE.zip", "file to write", required=True),
            CHAPTER,
            ALLOW_UNCONFINED,
        ),
    ),
    Command(
        name="harness",
        function="torchkata.cli.autograder:harness",
        help="Write a workflow for GitHub Classroom or GitLab CI.",
        arguments=(
            arg("harness", "github|gitlab", "the platform", choices=("github", "gitlab")),
            path("--out", "DIR", "folder to write to", required=True),
        ),
    ),
    Command(
        name="handin",
        judges=True,
        function="torchkata.cli.autograder:handin",
        help="Grade one submission, as an autograder does.",
        arguments=(
            path("submission", "SUBMISSION", "folder"),
            path("--results", "FILE.json", "file to write the results to", required=True),
            JUNIT,
            path("--summary", "FILE", "append a summary in Markdown"),
            path("--classroom", "FILE", "write results for GitHub Classroom's reporter"),
            CHAPTER,
            SEED,
            flag("--strict", "exit with 1 if any exercise fails"),
            ALLOW_UNCONFINED,
        ),
    ),
    Command(
        name="check",
        judges=True,
        function="torchkata.cli.author:check",
        help="Validate exercises: stubs, solutions, traps and alternatives.",
        arguments=(
            NAMES,
            CHAPTER,
            flag("--seal", "record the current stubs as originals"),
            MUTANTS,
            arg("--mutant-seed", "S", "draw other mutants (default: 0)", default="0"),
            flag("--rules", "only list the rules of the statements with their checks"),
            arg("--jobs", "N", "exercises at a time (default: one per core)", type=int),
            SEED,
            LIMIT,
        ),
    ),
    Command(
        name="new",
        function="torchkata.cli.author:new",
        help="Create the three files of a new exercise.",
        arguments=(arg("name", "CHAPTER/NN_NAME", "such as 09_beyond/11_gather_rows"),),
    ),
    Command(
        name="completion",
        function="torchkata.cli.completion:print_script",
        help="Print a completion script for a shell.",
        arguments=(arg("shell", "SHELL", "bash, zsh or fish", choices=SHELLS),),
        in_kit=True,
    ),
    Command(
        name="complete",
        function="torchkata.cli.completion:print_candidates",
        help="",  # only the completion script calls it
        arguments=(arg("words", "WORD", "the words so far", nargs="*"),),
        in_kit=True,
    ),
)
