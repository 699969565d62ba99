"""The command line: one small command per verb; the sessions of noxfile.py call it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from torchkata.cli.autograder import add_verbs as add_harness_verbs
from torchkata.cli.instructor import Verb
from torchkata.cli.instructor import add_verbs as add_instructor_verbs
from torchkata.cli.kit import add_verbs as add_kit_verb
from torchkata.cli.kit import require_course
from torchkata.errors import KataError, UsageError
from torchkata.i18n import _

_INTERRUPTED = 130  # as shells report a program that Ctrl-C ended


class _Parser(argparse.ArgumentParser):
    """Wrong words end with 2, one sentence, and where to look."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(f"{message[:1].upper()}{message[1:]}. `{self.prog} --help` shows the use.")


def _grade(options: argparse.Namespace) -> int:
    from torchkata.cli.grade import grade  # noqa: PLC0415 - starts the zygote before torch is imported

    return grade(options)


def _watch(options: argparse.Namespace) -> int:
    from torchkata.cli.grade import watch  # noqa: PLC0415 - starts the zygote before torch is imported

    return watch(options)


def _list(options: argparse.Namespace) -> int:
    from torchkata.cli.grade import show_list  # noqa: PLC0415 - verbs load what they need

    return show_list(options)


def _hint(options: argparse.Namespace) -> int:
    from torchkata.course.catalogue import Course  # noqa: PLC0415
    from torchkata.learner.hints import next_hint  # noqa: PLC0415
    from torchkata.learner.progress import Progress  # noqa: PLC0415

    exercise = Course(options.course).one(options.name)
    print(next_hint(exercise, Progress(options.course), options.level))  # noqa: T201
    return 0


def _show(options: argparse.Namespace) -> int:
    from torchkata.course.catalogue import Course  # noqa: PLC0415
    from torchkata.learner.statement import show  # noqa: PLC0415

    print(show(Course(options.course).one(options.name)))  # noqa: T201
    return 0


def _reset(options: argparse.Namespace) -> int:
    from torchkata.course.catalogue import Course  # noqa: PLC0415
    from torchkata.learner.reset import reset  # noqa: PLC0415

    course = Course(options.course)
    for exercise in [course.one(name) for name in options.names]:
        print(reset(exercise))  # noqa: T201
    return 0


def _check(options: argparse.Namespace) -> int:
    from torchkata.cli.grade import check  # noqa: PLC0415

    return check(options)


def _completion(options: argparse.Namespace) -> int:
    from torchkata.cli.completion import SCRIPTS  # noqa: PLC0415

    print(SCRIPTS[options.shell], end="")  # noqa: T201
    return 0


def _complete(options: argparse.Namespace) -> int:
    from torchkata.cli.completion import candidates  # noqa: PLC0415

    for word in candidates(_parser(), options.words, options.course):
        print(word)  # noqa: T201
    return 0


def _new(options: argparse.Namespace) -> int:
    from torchkata.course.catalogue import Course  # noqa: PLC0415
    from torchkata.instructor.authoring.new import new_exercise  # noqa: PLC0415

    print(new_exercise(Course(options.course), options.name))  # noqa: T201
    return 0


def _add_grade(verb: Verb) -> None:
    grade = verb("grade", _grade, "Judge exercises and say why.")
    grade.add_argument("names", nargs="*", metavar="NAME", help="exercise; all when none is named")
    grade.add_argument("--chapter", action="append", default=[], metavar="C")
    grade.add_argument("--exercises", type=Path, metavar="DIR", help="judge another folder")
    grade.add_argument("--device", action="append", default=[], metavar="D", help="cuda, mps, xpu")
    grade.add_argument("--seed", type=int, metavar="N", help="repeat the inputs of a run")
    grade.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON")
    grade.add_argument("--junit", type=Path, metavar="FILE", help="write the report as JUnit XML")
    grade.add_argument("--html", type=Path, metavar="FILE", help="write the report as one page")
    grade.add_argument(
        "--format", choices=("text", "problems"), default="text", help="problems: for editors"
    )
    grade.add_argument("--complete", action="store_true", help="0 only if everything passes")
    grade.add_argument("--no-color", action="store_true", help="plain text")
    grade.add_argument("--verbose", action="store_true", help="show every check")
    grade.add_argument("--limit", type=float, default=20.0, metavar="S", help="seconds per request")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="torchkata", description="A self-grading kata for efficient PyTorch.")
    parser.add_argument("--course", type=Path, default=Path.cwd(), help="the course's folder")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(
        name: str, run: Callable[[argparse.Namespace], int], about: str
    ) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=about, description=about)
        added.set_defaults(run=run)
        added.add_argument(
            "--lang", metavar="LANG", help="such as zh-CN; else the locale's, or English"
        )
        return added

    _add_grade(verb)

    watch = verb("watch", _watch, "Judge an exercise at every save; keys for everything else.")
    watch.add_argument("name", nargs="?", metavar="NAME", help="else the first unfinished one")
    watch.add_argument("--chapter", action="append", default=[], metavar="C")
    watch.add_argument("--no-color", action="store_true", help="plain text")
    watch.add_argument("--poll", action="store_true", help="where saves are not noticed")
    watch.add_argument("--limit", type=float, default=20.0, metavar="S", help="seconds per request")

    listing = verb("list", _list, "Show exercises by chapter with their states.")
    listing.add_argument("--chapter", action="append", default=[], metavar="C")
    listing.add_argument("--no-color", action="store_true", help="plain text")

    hint = verb("hint", _hint, "Show a hint, one level at a time.")
    hint.add_argument("name", metavar="NAME")
    hint.add_argument(
        "level", metavar="LEVEL", type=int, nargs="?", help="1 to 3; one more than last time"
    )

    show = verb("show", _show, "Print an exercise's statement, signature and file.")
    show.add_argument("name", metavar="NAME")

    reset = verb("reset", _reset, "Bring back an exercise as shipped; your file is kept.")
    reset.add_argument("names", nargs="+", metavar="NAME")

    add_instructor_verbs(verb)
    add_kit_verb(verb)
    add_harness_verbs(verb)

    check = verb("check", _check, "Prove exercises sound: stubs, solutions, traps, alternatives.")
    check.add_argument("names", nargs="*", metavar="NAME")
    check.add_argument("--chapter", action="append", default=[], metavar="C")

    check.add_argument("--seal", action="store_true", help="note the stubs as shipped, as they are")

    new = verb("new", _new, "Start an exercise: three files to fill in.")
    new.add_argument("name", metavar="CHAPTER/NN_NAME")

    completion = verb("completion", _completion, "Print a script that completes words in a shell.")
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), metavar="SHELL")
    complete = verbs.add_parser("complete")  # what that script calls; help does not name it
    complete.set_defaults(run=_complete, lang=None)
    complete.add_argument("words", nargs="*")
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Run one verb.

    Returns:
        0 when nothing that was started fails, 1 when something does, 2 for wrong usage.
    """
    try:
        options = _parser().parse_args(words)
        choose(options.lang)
        require_course(options.verb, options.course)
        code: int = options.run(options)
    except UsageError as error:
        print(f"torchkata: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KataError as error:
        print(f"torchkata: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print(f"\ntorchkata: {_('stopped.')}", file=sys.stderr)  # noqa: T201
        return _INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None  # the reader has gone; say nothing more
        return 1
    return code
