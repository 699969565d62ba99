"""The contract check: the file loads, and defines what was asked for, with those parameters."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from torchkata.errors import CheckFailed, CourseError, SubmissionError
from torchkata.grading.checks.check import raised
from torchkata.grading.session import Session
from torchkata.i18n import _
from torchkata.worker import builtin_probes


def contract(session: Session) -> None:
    """The submission loads, and its entry points have the names and parameters that were asked."""
    try:
        worker = session.worker
    except SubmissionError as error:
        raise CheckFailed(unloadable(error, session.submission.file)) from error
    names = session.spec.names
    got = worker.run(builtin_probes.describe, names)
    expected = session.signatures(names)
    if not isinstance(got, dict):
        raise CheckFailed(_("The submission cannot be looked into."))
    for name in names:
        if expected[name] is not None and got.get(name) is None:
            raise CheckFailed(_missing(name, worker.run(builtin_probes.defined)))
        _same_contract(name, got.get(name), expected[name])


def _missing(name: str, known: Any) -> str:
    """Say that a name is missing, and which one of the file's own was likely meant."""
    others = [str(other)[:80] for other in known] if isinstance(known, list) else []
    near = get_close_matches(name, others, n=1, cutoff=0.6)
    if near:
        hint = _("The file defines `{near}`; was that meant?", near=near[0])
    elif others:
        defined = ", ".join(f"`{other}`" for other in others[:5])
        hint = _("The file defines {names}.", names=defined)
    else:
        hint = _("It defines no function or class at all.")
    return _(
        "The file defines no `{name}`. {hint} Define it under exactly that name.",
        name=name,
        hint=hint,
    )


def _same_contract(name: str, got: Any, expected: Any) -> None:
    if expected is None:
        raise CourseError(f"The solution does not define {name}.")
    if not isinstance(got, dict):
        raise CheckFailed(_("`{name}` cannot be looked into.", name=name))
    if got.get("kind") != expected["kind"]:
        raise CheckFailed(
            _(
                "`{name}` has to be {wanted}, but it is {kind} ({type}).",
                name=name,
                wanted=_a(expected["kind"]),
                kind=_a(got.get("kind")),
                type=got.get("type"),
            )
        )
    if expected["kind"] == "value" or got.get("parameters") is None:
        return
    wanted = [parameter[0] for parameter in expected["parameters"]]
    parameters = got["parameters"]
    if any(parameter[1] in ("VAR_POSITIONAL", "VAR_KEYWORD") for parameter in parameters):
        return  # *args takes whatever comes; the calls will tell
    taken = [parameter[0] for parameter in parameters]
    needless = all(parameter[2] for parameter in parameters[len(wanted) :])
    if taken[: len(wanted)] != wanted or not needless:
        raise CheckFailed(
            _(
                "`{name}` takes ({taken}), but ({wanted}) was asked for. Keep the signature of the "
                "stub.",
                name=name,
                taken=", ".join(taken),
                wanted=", ".join(wanted),
            )
        )


def _a(kind: object) -> str:
    """A kind of definition with its article; one that the probe does not know stays as it is."""
    known = {"function": _("a function"), "class": _("a class"), "value": _("a value")}
    return known.get(str(kind), f"a {kind}")


def unloadable(error: SubmissionError, file: str) -> str:
    """Say why a file cannot be loaded, and what to do about it."""
    where = _("{file}, line {line}", file=file, line=error.line) if error.line else file
    match error.kind:
        case "SyntaxError" | "IndentationError" | "TabError":
            return _("{where}: Python cannot read this: {error}.", where=where, error=error)
        case "UnicodeDecodeError" if error.line is None:
            return _(
                "{file} is not saved as UTF-8 text. Save it as UTF-8 in your editor.", file=file
            )
        case "ModuleNotFoundError" | "ImportError":
            return _(
                "{where}: {error}. An answer needs torch, numpy and Python's own library, nothing "
                "else; remove that import.",
                where=where,
                error=error,
            )
        case "SystemExit":
            return _(
                "{where}: the file calls sys.exit() while it is imported. Remove that call.",
                where=where,
            )
        case _:
            return _("{where}: importing the file failed. {why}.", where=where, why=raised(error))
