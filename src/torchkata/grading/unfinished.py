"""Functions that are still to do: found in the source, and confirmed by what the checks raised."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torchkata.errors import SubmissionError
from torchkata.grading.checks.check import JudgedCheck, describe_exception
from torchkata.grading.checks.purity import GLOBAL_STATE
from torchkata.i18n import EMPTY, Message, _, and_list, comma_list, join, with_period
from torchkata.result import TODO, Verdict


@dataclass(frozen=True, kw_only=True)
class Unfinished:
    """A function whose body ends as the stub's does: with a bare `raise NotImplementedError`.

    Attributes:
        name: such as `product`, or `Net.forward` for a method.
        entry: the function or class at the top level of the file.
        line: the line that defines it.
        last: its last line.
        returns: whether it returns or yields something under some condition.
    """

    name: str
    entry: str
    line: int
    last: int
    returns: bool = False


def unfinished_functions(source: bytes) -> list[Unfinished]:
    """Return the functions of a submission that are still to do; none if it is not valid."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return list(_unfinished(tree.body))


def _unfinished(nodes: Sequence[ast.stmt], owner: str = "") -> Iterator[Unfinished]:
    for node in nodes:
        if isinstance(node, ast.ClassDef) and not owner:
            yield from _unfinished(node.body, node.name)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_bare(node.body[-1]):
            yield Unfinished(
                name=f"{owner}.{node.name}" if owner else node.name,
                entry=owner or node.name,
                line=node.lineno,
                last=node.end_lineno or node.lineno,
                returns=_returns(node.body),
            )


def _returns(body: Sequence[ast.AST]) -> bool:
    """Return whether code returns a value or yields, without looking into inner functions."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.Return) and node.value is not None:
            return True
        if isinstance(node, ast.Yield | ast.YieldFrom) or _returns(
            list(ast.iter_child_nodes(node))
        ):
            return True
    return False


def _is_bare(node: ast.stmt) -> bool:
    """Return whether a statement is `raise NotImplementedError`, without a text."""
    if not isinstance(node, ast.Raise):
        return False
    raised = node.exc
    if isinstance(raised, ast.Call) and not raised.args and not raised.keywords:
        raised = raised.func
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def settle(
    judged: Sequence[JudgedCheck], source: bytes, names: Collection[str] = ()
) -> tuple[list[JudgedCheck], list[Unfinished]]:
    """Confirm which functions are to do; a check that raised for another reason has failed.

    A function is to do if no check of it has passed: code that raises NotImplementedError only
    under some conditions, for example while its ops are counted, is not unfinished but wrong. If
    checks of the whole exercise have passed, it is unknown which functions they called. Then only
    functions that the exercise requires and that never return can be to do.

    Args:
        judged: all checks.
        source: the submission.
        names: the functions and classes that the exercise requires.

    Returns:
        The checks, and the functions that are to do, in the order of the file.
    """
    candidates = unfinished_functions(source)
    working = {
        each.check.entry
        for each in judged
        if each.result.verdict is Verdict.PASSED
        and each.check.axis != "contract"
        and not each.check.id.endswith(GLOBAL_STATE)
    }
    some_pass, working = "" in working, working - {""}
    settled: list[JudgedCheck] = []
    found: set[Unfinished] = set()
    changes: dict[str, Any]
    for each in judged:
        if each.result.code != TODO:
            settled.append(each)
            continue
        at = each.result.line
        owner = next((one for one in candidates if one.line <= at <= one.last), None)
        whole = some_pass and not each.check.entry
        if (
            owner is None
            or working & {owner.entry, each.check.entry}
            or (whole and (owner.returns or owner.entry not in names))
        ):
            error = SubmissionError("NotImplementedError", "", at)
            message = with_period(describe_exception(error))
            changes = {"verdict": Verdict.FAILED, "code": "raised", "message": message}
        else:
            found.add(owner)
            message = _("{what} is still to do.", what=f"`{owner.name}`")
            changes = {"message": message, "line": owner.line}
        settled.append(replace(each, result=replace(each.result, **changes)))
    return settled, sorted(found, key=lambda one: one.line)


def to_do(unfinished: Sequence[Unfinished]) -> Message:
    """Name the functions that are to do, with their lines; empty if there is none."""
    if not unfinished:
        return EMPTY
    names = [_("`{name}` (line {line})", name=one.name, line=one.line) for one in unfinished]
    return _("To do: {functions}.", functions=comma_list(names))


def progress(judged: Sequence[JudgedCheck], unfinished: Sequence[Unfinished]) -> Message:
    """Say which functions pass so far, and which are to do."""
    open_entries = {one.entry for one in unfinished}
    verdicts: dict[str, set[Verdict]] = {}
    for each in judged:
        if each.check.entry and each.check.axis != "contract":
            verdicts.setdefault(each.check.entry, set()).add(each.result.verdict)
    done = [
        f"`{entry}`"
        for entry, found in verdicts.items()
        if entry not in open_entries and Verdict.PASSED in found and Verdict.FAILED not in found
    ]
    passing = EMPTY
    if done:
        passing = _(
            "{functions} passes so far." if len(done) == 1 else "{functions} pass so far.",
            functions=and_list(done),
        )
    return join(passing, to_do(unfinished))
