"""Generate the mutants of a reference, each with an id that survives unrelated edits."""

from __future__ import annotations

import ast
import difflib
import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import libcst as cst

from torchkata.course.exercise import Exercise
from torchkata.course.spec.function import Spec
from torchkata.grading.checks.plan import plan
from torchkata.instructor.authoring.mutants.edit import Edit
from torchkata.instructor.authoring.mutants.expressions import EXPRESSIONS
from torchkata.instructor.authoring.mutants.helpers import HELPERS
from torchkata.instructor.authoring.mutants.reference import Reference, code, read_reference
from torchkata.instructor.authoring.mutants.statements import STATEMENTS
from torchkata.instructor.authoring.mutants.wrappers import faults_of

_GRADIENT_KINDS: Final = frozenset({
    "data", "detach", "detached argument", "detached result", "detached for n == 1",
})  # fmt: skip
_SHORT: Final = 8  # characters; a shorter text is shown with what contains it
_MOST_TEXT: Final = 90
_MOST_DIFF_LINES: Final = 6


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One small fault in a reference.

    Attributes:
        id: kind, place and changed code; the same after edits elsewhere.
        kind: of the fault.
        line: in the solution's file.
        diff: the lines that differ.
        source: the reference with the fault.
    """

    id: str
    kind: str
    line: int
    diff: tuple[str, ...]
    source: str


def mutants_of(exercise: Exercise) -> list[Mutant]:
    """Return all mutants of an exercise's reference, in the order of its lines.

    Raises:
        CourseError: the grader or the solution cannot be read.
        SyntaxError: the solution is no Python.
    """
    found = mutants_in(exercise.reference_source.decode("utf-8"), exercise.spec)
    if _has_gradients(exercise):
        return found
    return [mutant for mutant in found if mutant.kind not in _GRADIENT_KINDS]


def mutants_in(source: str, spec: Spec) -> list[Mutant]:
    """Return all mutants of a reference.

    Args:
        source: the solution's file.
        spec: how the grader calls the entry points.

    Raises:
        SyntaxError: the file is no Python.
    """
    reference = read_reference(source, spec.names)
    found = [*_of_code(reference), *_around_calls(reference, spec)]
    return _numbered(_different(found, reference.module.code))


def control(exercise: Exercise) -> str:
    """Return the reference without a fault, as the mutants contain it."""
    source = exercise.reference_source.decode("utf-8")
    return f"{HELPERS}\n\n{read_reference(source, exercise.spec.names).module.code}"


def in_order(mutants: Iterable[Mutant], salt: str) -> list[Mutant]:
    """Return mutants in a fixed order in which the kinds take turns.

    Args:
        mutants: of one exercise.
        salt: decides the order; the same salt gives the same order.
    """

    def rank(*parts: str) -> bytes:
        return hashlib.blake2b("\n".join((salt, *parts)).encode(), digest_size=8).digest()

    by_kind: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        by_kind[mutant.kind].append(mutant)
    kinds = sorted(by_kind, key=rank)
    queues = [sorted(by_kind[kind], key=lambda mutant: rank(mutant.id)) for kind in kinds]
    turns = itertools.zip_longest(*queues)
    return [mutant for turn in turns for mutant in turn if mutant is not None]


def _has_gradients(exercise: Exercise) -> bool:
    """Return whether a check judges gradients, or the statement mentions them."""
    stub = exercise.stub_path.read_text(encoding="utf-8")
    return "radient" in stub or any(check.axis == "gradient" for check in plan(exercise))


def _of_code(reference: Reference) -> Iterator[Mutant]:
    """Yield the mutants that change one node."""
    before = reference.module.code
    for site in reference.sites():
        for operator in (*EXPRESSIONS, *STATEMENTS):
            for edit in operator(site):
                after = edit.apply(reference.module).code
                yield Mutant(
                    id=f"{edit.kind} in {site.scope}: {_change(edit)}",
                    kind=edit.kind,
                    line=reference.line(site.node),
                    diff=_diff(before, after),
                    source=f"{HELPERS}\n\n{after}",
                )


def _around_calls(reference: Reference, spec: Spec) -> Iterator[Mutant]:
    """Yield the mutants that put a fault around an entry point."""
    for site, fault, edit in faults_of(reference, spec):
        lines = [fault.before, fault.after]
        if fault.instead != "CALL":
            lines.insert(1, f"result = {fault.instead.replace('CALL', f'{site.scope}(...)')}")
        yield Mutant(
            id=f"{fault.kind} in {site.scope}: {fault.about}",
            kind=fault.kind,
            line=reference.line(site.node),
            diff=tuple(f"+ {line}" for line in lines if line),
            source=f"{HELPERS}\n\n{edit.apply(reference.module).code}",
        )


def _change(edit: Edit) -> str:
    """Return the text that an edit changes and what it becomes."""
    site = edit.site
    if edit.new is None or isinstance(edit.new, cst.FlattenSentinel):
        return _bounded(code(site.node))
    old, new = site.node, edit.new
    for outer in reversed(site.above):
        wide = isinstance(outer, cst.BaseStatement | cst.BaseSuite | cst.Module)
        if len(code(old)) >= _SHORT or wide:
            break
        changed: Any = outer.deep_replace(old, new)
        old, new = outer, changed
    return f"{_bounded(code(old).strip(', '))} -> {_bounded(code(new).strip(', '))}"


def _bounded(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]} ..."


def _diff(before: str, after: str) -> tuple[str, ...]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    changed = [f"{line[0]} {line[1:].strip()}" for line in lines if line[:3] not in ("---", "+++")]
    return tuple(line for line in changed if line[0] in "+-")[:_MOST_DIFF_LINES]


def _different(mutants: Iterable[Mutant], original: str) -> Iterator[Mutant]:
    """Yield mutants that are valid, differ from the reference and from each other."""
    seen = {_normal(f"{HELPERS}\n\n{original}")}
    for mutant in mutants:
        try:
            normal = _normal(mutant.source)
        except SyntaxError:
            continue
        if normal not in seen:
            seen.add(normal)
            yield mutant


def _normal(source: str) -> str:
    return ast.dump(ast.parse(source))


def _numbered(mutants: Iterable[Mutant]) -> list[Mutant]:
    """Return mutants with a number after an id that occurs again."""
    times: Counter[str] = Counter()
    found: list[Mutant] = []
    for mutant in mutants:
        times[mutant.id] += 1
        again = f" #{times[mutant.id]}" if times[mutant.id] > 1 else ""
        found.append(
            Mutant(
                id=mutant.id + again, kind=mutant.kind, line=mutant.line,
                diff=mutant.diff, source=mutant.source,
            )
        )  # fmt: skip
    return found
