"""The command line: parses arguments, chooses the language, runs a command, reports errors."""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from enum import IntEnum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from torchkata.cli.commands import COMMANDS, Command
from torchkata.course.discovery import find_course
from torchkata.course.files import open_course_files
from torchkata.course.settings import read_settings
from torchkata.course.translations import Translations
from torchkata.errors import KataError, UsageError, describe_database_error, describe_os_error
from torchkata.i18n import Translator, _
from torchkata.i18n.catalogues import find_language, languages, locale_language
from torchkata.i18n.commands import KATA, NOX, TORCHKATA
from torchkata.i18n.lists import comma_list

if TYPE_CHECKING:
    from torchkata.sandbox.zygote_client import ZygoteClient

PROGRAM: Final = "torchkata"


class ExitCode(IntEnum):
    """The exit codes of all commands.

    `watch` ends with 128 plus the number of the signal that ended it, as shells report it.
    """

    OK = 0
    FAILED = 1
    """A started exercise fails, or the command failed."""
    USAGE = 2
    """The command line is wrong."""
    INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Raises a usage error in one sentence, instead of printing the usage."""

    def error(self, message: str) -> None:  # type: ignore[override]
        raise UsageError(
            _(
                "{problem}. Run `{program} --help` for help.",
                problem=f"{message[:1].upper()}{message[1:]}",
                program=self.prog,
            )
        )


def build_parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    """Build the parser from the command table.

    Args:
        program: the name of the program, for its help.
    """
    parser = _Parser(prog=program, description="A self-grading kata for efficient PyTorch.")
    parser.add_argument(
        "--course",
        type=Path,
        help="the course's folder (default: the current one, or one above it)",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for command in COMMANDS:
        if command.help:
            subparser = verbs.add_parser(command.name, help=command.help, description=command.help)
        else:
            subparser = verbs.add_parser(command.name)
        subparser.set_defaults(command=command)
        subparser.add_argument(
            "--lang",
            metavar="LANG",
            help="such as zh-CN (default: from the locale, else English)",
        )
        for argument in command.arguments:
            subparser.add_argument(*argument.flags, **argument.options)
    return parser


def kata() -> int:
    """Run `kata`: without a verb, it grades."""
    return main(_with_verb(sys.argv[1:]), KATA)


def torchkata() -> int:
    """Run `torchkata`."""
    return main(sys.argv[1:], TORCHKATA)


def _with_verb(words: Sequence[str]) -> list[str]:
    """Insert `grade` unless there is a verb, or help is requested."""
    place = 2 * (words[:1] == ["--course"])
    verbs = {command.name for command in COMMANDS}
    if words[place : place + 1] and words[place] in {*verbs, "-h", "--help"}:
        return list(words)
    return [*words[:place], "grade", *words[place:]]


def main(words: Sequence[str] | None = None, program: str = NOX) -> int:
    """Run a command.

    Args:
        words: the command line without the program's name; by default, that of this process.
        program: what the user runs, for the commands in messages: nox runs `python -m torchkata`.

    Returns:
        The exit code.
    """
    # Processes that this one starts must not import a learner's random.py
    os.environ["PYTHONSAFEPATH"] = "1"
    _open_missing_streams()
    translate = Translator(locale_language(), program=program)
    judges = True
    try:
        options = build_parser(PROGRAM if program == NOX else program).parse_args(words)
        command: Command = options.command
        options.program = program
        options.course, default_language = _find_course(options.course, command)
        language = choose_language(options.lang or default_language or None)
        translations = Translations(options.course, language, program)
        translate = translations("")
        judges = command.judges
        code = _run(command, options, translations)
        sys.stdout.flush()
    except UsageError as error:
        _print_error(translate(error.message))
        return ExitCode.USAGE
    except KataError as error:
        _print_error(translate(error.message))
        return ExitCode.FAILED
    except KeyboardInterrupt:
        print(file=sys.stderr)
        _print_error(translate(_("Interrupted.")))
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None  # the reader of the pipe is gone; print nothing more
        return ExitCode.FAILED if judges else ExitCode.OK
    except OSError as error:
        if error.filename is None and not _can_flush():
            sys.stdout = None
        _print_error(translate(describe_os_error(error)))
        return ExitCode.FAILED
    except sqlite3.Error as error:
        refused = describe_database_error(error, "")
        if refused is None:
            raise
        _print_error(translate(refused))
        return ExitCode.FAILED
    return code


def _open_missing_streams() -> None:
    """Open the null device for standard streams that are closed, so that no file takes their place.

    With `>&-`, the first pipe to a worker would otherwise become the standard output.
    """
    for descriptor, flags in enumerate((os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, flags)  # the lowest number that is free: this one
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open to the end
            setattr(sys, name, stream)


def _can_flush() -> bool:
    try:
        sys.stdout.flush()
    except OSError:
        return False
    return True


def choose_language(name: str | None) -> str:
    """Return the language of a name such as `zh-cn`; by default, that of the locale.

    Raises:
        UsageError: there is no such language.
    """
    if name is None:
        return locale_language()
    language = find_language(name)
    if language is None:
        raise UsageError(
            _(
                "There is no language {name!r}. Available languages: {languages}.",
                name=name,
                languages=comma_list(languages()),
            )
        )
    return language


def _find_course(named: Path | None, command: Command) -> tuple[Path, str]:
    """Return the course's folder and the language that it chooses, if the command needs a course.

    Raises:
        CourseError: the course cannot be read.
    """
    if not command.needs_course:
        return named or Path.cwd(), ""
    root = named or find_course(Path.cwd()) or Path.cwd()
    return root, read_settings(open_course_files(root)).language


def _run(command: Command, options: argparse.Namespace, translations: Translations) -> int:
    """Run a command, starting what takes long before its module imports torch.

    Raises:
        UsageError: the command needs the course's repository, and this is a kit.
        KataError: the command failed.
    """
    if sys.platform == "win32" and command.needs_course:
        raise KataError(
            _(
                "torchkata does not run on Windows itself, but in WSL2. In PowerShell: wsl "
                "--install. Restart, open Ubuntu, and run the same commands there."
            )
        )
    if command.needs_course and not command.in_kit and open_course_files(options.course).is_kit:
        raise UsageError(
            _(
                "This folder is a learner's kit. `{verb}` needs the course's own repository; run "
                "it there.",
                verb=command.name,
            )
        )
    with ExitStack() as stack:
        if command.needs_terminal:
            terminal = _load("torchkata.watch.terminal:Terminal")
            options.terminal = terminal(color=not options.no_color)
            print(translations("")(_("Starting ...")), flush=True)
        if command.needs_workers:
            options.zygote = start_zygote()
            if options.zygote is not None:
                stack.callback(options.zygote.close)
        code: int = _load(command.function)(options, translations)
    return code


def start_zygote() -> ZygoteClient | None:
    """Start the zygote, which imports torch while this process does; None without a safe fork."""
    if not sys.platform.startswith("linux"):
        return None
    zygote: ZygoteClient = _load("torchkata.sandbox.zygote_client:ZygoteClient")()
    return zygote


def _load(target: str) -> Any:
    """Import `MODULE:NAME`; the only lazy import of the command line."""
    module, _colon, name = target.partition(":")
    return getattr(import_module(module), name)


def _print_error(text: str) -> None:
    print(f"{PROGRAM}: {text}", file=sys.stderr)
