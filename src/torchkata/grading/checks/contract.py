"""The contract check: the file loads and defines the entry points with the right signatures."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, Final

from torchkata.errors import CourseError, SubmissionError
from torchkata.grading.checks.check import describe_exception, with_source
from torchkata.grading.outcome import Outcome, failed, passed
from torchkata.grading.session import Session
from torchkata.i18n import Message, _, join, verbatim, with_period
from torchkata.worker import builtin_probes

_KINDS: Final = {"function": _("a function"), "class": _("a class"), "value": _("a value")}
_MOST_NAMES: Final = 5
_ANY_ARGUMENTS: Final = ("VAR_POSITIONAL", "VAR_KEYWORD")


def contract(session: Session) -> Outcome:
    """Judge that the submission loads and that its entry points have the right signatures."""
    try:
        worker = session.processes.worker_on()
    except SubmissionError as error:
        message = describe_load_error(error, session.submission.file)
        return failed("cannot-load", message, error=error)
    names = session.spec.names
    got = worker.run(builtin_probes.describe, names)
    expected = session.signatures(names)
    if not isinstance(got, dict):
        return failed("cannot-inspect", _("The submission could not be inspected."))
    for name in names:
        if expected[name] is not None and got.get(name) is None:
            message = _missing(name, worker.run(builtin_probes.defined_names))
            return failed("missing-name", message)
        finding = _compare_signatures(name, got.get(name), expected[name])
        if finding is not None:
            return finding
    return passed()


def _missing(name: str, known: Any) -> Message:
    """Say that a name is missing, and which name of the file was probably meant."""
    others = [str(other)[:80] for other in known] if isinstance(known, list) else []
    near = get_close_matches(name, others, n=1, cutoff=0.6)
    if near:
        hint = _("Did you mean `{near}`, which the file defines?", near=near[0])
    elif others:
        defined = ", ".join(f"`{other}`" for other in others[:_MOST_NAMES])
        hint = _("It defines {names}.", names=defined)
    else:
        hint = _("It defines no function or class at all.")
    return join(
        _("The file does not define `{name}`.", name=name),
        hint,
        _("Define it with exactly this name."),
    )


def _compare_signatures(name: str, got: Any, expected: Any) -> Outcome | None:
    if expected is None:
        raise CourseError(f"The solution does not define {name}.")
    if not isinstance(got, dict):
        return failed("cannot-inspect", _("`{name}` could not be inspected.", name=name))
    if got.get("kind") != expected["kind"]:
        return failed(
            "wrong-kind",
            _(
                "Expected `{name}` to be {expected}, got {got} ({type}).",
                name=name,
                expected=_kind(expected["kind"]),
                got=_kind(got.get("kind")),
                type=got.get("type"),
            ),
        )
    if expected["kind"] == "value" or got.get("parameters") is None:
        return None
    wanted = [parameter[0] for parameter in expected["parameters"]]
    parameters = got["parameters"]
    if any(parameter[1] in _ANY_ARGUMENTS for parameter in parameters):
        return None  # *args takes everything; the calls will tell
    taken = [parameter[0] for parameter in parameters]
    others_optional = all(parameter[2] for parameter in parameters[len(wanted) :])
    if taken[: len(wanted)] == wanted and others_optional:
        return _compare_defaults(name, parameters, expected["parameters"])
    return failed(
        "wrong-signature",
        _(
            "Expected `{name}` to take ({wanted}), got ({taken}). Keep the stub's signature.",
            name=name,
            taken=", ".join(taken),
            wanted=", ".join(wanted),
        ),
    )


def _compare_defaults(
    name: str, parameters: list[list[Any]], expected: list[list[Any]]
) -> Outcome | None:
    """Compare the default values of corresponding parameters, where the reference has one."""
    for got, wanted in zip(parameters, expected, strict=False):
        parameter, _kind_name, has_default, *default = wanted
        if not has_default:
            continue
        value = default[0] if default else ""
        if not got[2]:
            return failed(
                "missing-default",
                _(
                    "Expected the parameter {parameter} of `{name}` to have a default, got none. "
                    "Keep the stub's signature.",
                    parameter=parameter,
                    name=name,
                ),
            )
        if value and len(got) == len(wanted) and got[3] != value:
            return failed(
                "wrong-default",
                _(
                    "Expected the default of {parameter} of `{name}` to be {expected}, got {got}. "
                    "Keep the stub's signature.",
                    parameter=parameter,
                    name=name,
                    expected=value,
                    got=got[3] or _("another object"),
                ),
            )
    return None


def _kind(kind: object) -> Message:
    return _KINDS.get(str(kind), verbatim(f"a {kind}"))


def describe_load_error(error: SubmissionError, file: str) -> Message:
    """Say why a file cannot be loaded, and what to do about it."""
    where: Message = verbatim(file)
    if error.line:
        where = _("{file}, line {line}", file=file, line=error.line)
    match error.kind:
        case "SyntaxError" | "IndentationError" | "TabError":
            parsing = _("{where}: Python cannot parse this: {error}.", where=where, error=error)
            return with_period(with_source(parsing, error))
        case "UnicodeDecodeError" if error.line is None:
            return _(
                "{file} is not saved as UTF-8 text. Save it as UTF-8 in your editor.", file=file
            )
        case "ModuleNotFoundError" | "ImportError":
            return _(
                "{where}: {error}. A submission may use torch, numpy and the standard library "
                "only; remove that import.",
                where=where,
                error=error,
            )
        case "SystemExit":
            return _(
                "{where}: the file calls sys.exit() while it is imported. Remove that call.",
                where=where,
            )
        case _:
            return with_period(
                _(
                    "{where}: importing the file failed. {why}",
                    where=where,
                    why=describe_exception(error),
                )
            )
