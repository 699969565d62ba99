"""The command `cost FILE.py:FUNCTION`: what each line of the user's own code costs."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import json
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Final

import torch

from torchkata.cli.exercise_cost import parse_sizes
from torchkata.cli.main import ExitCode
from torchkata.cli.own_code import CostReport
from torchkata.cli.own_code import cost as cost_of
from torchkata.course.translations import Translations
from torchkata.errors import KataError, UsageError
from torchkata.i18n import EMPTY, Message, _, join, verbatim, with_period
from torchkata.report.console import Console

_DEFAULT_LIMIT: Final = 60.0  # seconds


class _TimeLimitError(BaseException):  # no `except Exception` of the user's code catches it
    """Raised when the time limit is over."""


def cost(options: argparse.Namespace, translations: Translations) -> int:
    """Print what each line of a function costs, and the costs that can be avoided."""
    file, _colon, name = options.name.rpartition(":")
    if not _colon:
        file, name = options.name, ""
    torch.manual_seed(options.seed or 0)
    with _explained(Path(file), options.limit or _DEFAULT_LIMIT):
        module = _load(Path(file))
        function = _find(module, name, Path(file))
        args, kwargs = _arguments(function, options.arg, parse_sizes(options.at), module)
        report = cost_of(function, *args, **kwargs)
    translate = translations("")
    console = Console(color=False if options.no_color else None)
    for line in report.lines(console, translate):
        console.print_line(line)
    if options.json:
        text = json.dumps(report.as_json(), indent=1) + "\n"
        options.json.write_text(text, encoding="utf-8")
    failures = _failures(report, options.fail_on)
    for failure in failures:
        print(f"torchkata: {translate(failure)}", file=sys.stderr)
    return ExitCode.FAILED if failures else ExitCode.OK


def _failures(report: CostReport, fail_on: Sequence[str]) -> list[Message]:
    """Return why the command fails, if it was told to fail on something."""
    waits = report.total.synchronizations
    found = []
    if "warnings" in fail_on and report.warnings:
        found.append(_("Failed because of warnings: {count}.", count=len(report.warnings)))
    if "waits" in fail_on and waits:
        found.append(_("Failed because of host synchronizations: {count:,}.", count=waits))
    return found


def _load(path: Path) -> ModuleType:
    """Import a file as a module of its own name, with its folder first in `sys.path`.

    Raises:
        UsageError: there is no such file.
    """
    if not path.is_file():
        raise UsageError(_("There is no file {file}.", file=path))
    sys.path.insert(0, str(path.resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _find(module: ModuleType, name: str, path: Path) -> Callable[..., object]:
    """Return a function of a module by its name, such as `step` or `Trainer.step`.

    Raises:
        UsageError: there is no such function.
    """
    found: Any = module
    for part in name.split(".") if name else ():
        found = getattr(found, part, None)
    if name and callable(found):
        function: Callable[..., object] = found
        return function
    own = [
        key
        for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__
    ]
    listing = _("Its functions: {names}.", names=", ".join(own)) if own else EMPTY
    if not name:
        problem = _("Name a function: {file}:FUNCTION.", file=path)
    else:
        problem = _("{file} has no function {name!r}.", file=path, name=name)
    raise UsageError(join(problem, listing))


def _arguments(
    function: Callable[..., object],
    texts: Sequence[str],
    sizes: Mapping[str, float],
    module: ModuleType,
) -> tuple[list[object], dict[str, object]]:
    """Evaluate the arguments of the command line: `x=randn(n, 10)`, or a value without a name.

    They may use the functions of torch, the names of the file, the sizes, and earlier arguments.

    Raises:
        UsageError: one cannot be evaluated, or the function takes others.
    """
    names: dict[str, object] = {**vars(torch), **vars(module), **sizes, "torch": torch}
    args: list[object] = []
    kwargs: dict[str, object] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        is_named = bool(equals) and name.strip().isidentifier() and not value.startswith("=")
        expression = value if is_named else text
        try:
            result = eval(expression, names)  # noqa: S307 - the user's own command line
        except Exception as error:
            raise UsageError(
                _(
                    "--arg {text}: cannot evaluate {expression!r} ({kind}: {problem}).",
                    text=text,
                    expression=expression.strip(),
                    kind=type(error).__name__,
                    problem=error,
                )
            ) from error
        if is_named:
            kwargs[name.strip()] = names[name.strip()] = result
        else:
            args.append(result)
    _check_signature(function, args, kwargs)
    return args, kwargs


def _check_signature(
    function: Callable[..., object], args: list[object], kwargs: dict[str, object]
) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # a builtin
        return
    given = [name for name in kwargs if name in signature.parameters]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
    for name in () if takes_any else set(kwargs) - set(given):
        del kwargs[name]  # a helper for other arguments, such as model=GPT()
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        name = getattr(function, "__name__", "FUNCTION")
        raise UsageError(
            _(
                "{name}{signature}: {problem}. Give each argument as --arg NAME=VALUE.",
                name=name,
                signature=signature,
                problem=error,
            )
        ) from error


@contextmanager
def _explained(path: Path, limit: float) -> Iterator[None]:
    """Turn what the user's code raises, and a call without end, into sentences.

    Raises:
        KataError: the code raised, or exceeded the limit of seconds.
    """
    try:
        with _time_limit(limit):
            yield
    except KataError:
        raise
    except _TimeLimitError as error:
        line = _line_of(error, path)
        raise KataError(
            _(
                "Stopped: no result within {limit:g} s; line {line} was running. --limit sets "
                "another limit.",
                limit=limit,
                line=line,
            )
            if line
            else _(
                "Stopped: no result within {limit:g} s. --limit sets another limit.", limit=limit
            )
        ) from error
    except (Exception, SystemExit) as error:
        kind, text = type(error).__name__, with_period(verbatim(str(error) or "-"))
        line = _line_of(error, path)
        raise KataError(
            _("Line {line} raised {kind}: {text}", line=line, kind=kind, text=text)
            if line
            else _("The code raised {kind}: {text}", kind=kind, text=text)
        ) from error


def _line_of(error: BaseException, path: Path) -> int:
    """Return the innermost line of the user's file in a traceback; 0 if there is none."""
    name = str(path.resolve())
    if isinstance(error, SyntaxError) and error.filename == name:
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno or 0 for frame in frames if frame.filename == name]
    return lines[-1] if lines else 0


@contextmanager
def _time_limit(limit: float) -> Iterator[None]:
    """Raise in the main thread after some seconds; a single long op of PyTorch is not stopped."""
    has_timer = hasattr(signal, "setitimer")
    if not has_timer or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _TimeLimitError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
