"""Checks of the rules that are read from a submission's source."""

from __future__ import annotations

import ast

from torchkata.course.source_code import JudgedCode
from torchkata.course.spec.source_rules import NoDeviceNames, NoOverrides, SourceRule, Uses
from torchkata.grading.outcome import Outcome, failed, passed, still_todo
from torchkata.grading.session import Session
from torchkata.grading.unfinished import unfinished_functions
from torchkata.i18n import EMPTY, Message, _, or_list, verbatim


def source_rule(session: Session, rule: SourceRule) -> Outcome:
    """Judge one rule on the submission's source."""
    violation = next(rule.violations(_judged(session)), None)
    if violation is None:
        return passed()
    unfinished = unfinished_functions(session.submission.source)
    if isinstance(rule, Uses) and unfinished:
        return still_todo(EMPTY, unfinished[0].line)
    return failed("source-rule", _message(rule, violation.text), line=violation.line)


def label_of(rule: SourceRule) -> str:
    """Return what distinguishes the check of a rule in its id."""
    match rule:
        case NoDeviceNames():
            return "no device by name"
        case NoOverrides():
            return "nothing overridden"
        case Uses(names=names):
            return f"uses {names[0]}"


def _message(rule: SourceRule, text: str) -> Message:
    match rule:
        case NoDeviceNames():
            return _(
                "`{text}` names a device. Inputs may be on any device: create tensors with "
                "`x.new_zeros(...)` or `device=x.device`, and leave results where they are.",
                text=text,
            )
        case NoOverrides(class_name=name):
            return _(
                "`{text}` overrides a method that `{name}` inherits. Store the layers so that the "
                "inherited method finds them.",
                text=text,
                name=name,
            )
        case Uses(names=names):
            return _(
                "Expected the file to use {names}, got no such call. The statement requires it.",
                names=or_list([verbatim(f"`{name}`") for name in names]),
            )


def _judged(session: Session) -> ast.Module:
    """Return the imports of the submission and the definitions that its entry points reach."""
    submission = session.submission
    source = submission.source.decode("utf-8-sig")
    names = [submission.bind.get(name, name) for name in session.spec.names]
    lines = set(JudgedCode(source, names).numbers)
    tree = ast.parse(source)  # the contract check has loaded it
    imports = (ast.Import, ast.ImportFrom)
    tree.body = [node for node in tree.body if isinstance(node, imports) or node.lineno in lines]
    return tree
