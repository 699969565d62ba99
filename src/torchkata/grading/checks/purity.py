"""The check that calls leave their arguments, earlier results and global state unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from torchkata.course.spec.function import Function
from torchkata.grading.checks.outputs import LAYOUT_NAMES
from torchkata.grading.checks.repeated_calls import MODE_SENTENCES, repeated_calls
from torchkata.grading.outcome import Outcome, failed, passed, skipped
from torchkata.grading.session import Session
from torchkata.i18n import EMPTY, Message, _, and_list, join
from torchkata.worker import seeding
from torchkata.worker.arguments import GRAD, ITEMS, MODULE, REQUIRES_GRAD, VALUES

GLOBAL_STATE: Final = "purity[global state]"
"""The check that every exercise ends with, without the exercise's name."""

_CHANGES: Final = {
    VALUES: _(
        "It modifies its argument {names}. The caller may still need the old values: compute a new "
        "tensor instead of working in place.",
        names="",
    ),
    REQUIRES_GRAD: _(
        "It changes requires_grad of its argument {names}. The caller's tensor then records a "
        "graph, or stops recording one. Work on `x.detach()` or `x.clone()` instead.",
        names="",
    ),
    GRAD: _(
        "It writes to .grad of its argument {names}. The caller's next backward pass adds to that "
        "gradient. Use torch.autograd.grad, or work on a copy.",
        names="",
    ),
    ITEMS: _(
        "It adds, removes or replaces items of its argument {names}. The caller may still need "
        "them: build a new list or dict.",
        names="",
    ),
    MODULE: _(
        "It changes the mode, requires_grad or the hooks of the module {names}. Restore them "
        "before returning.",
        names="",
    ),
}


def purity(session: Session, function: Function) -> Outcome:
    """Judge that calls change neither their arguments nor earlier results nor random seeds."""
    if function.purity:
        finding = _changed_in_single_calls(session, function)
        if finding is not None:
            return finding
    for mode in function.modes:
        finding = _changed_in_later_calls(session, function, mode)
        if finding is not None:
            return finding
    return passed()


def global_state(session: Session) -> Outcome:
    """Judge that no call so far has changed a setting of the whole process."""
    if session.learned.deaths:
        return skipped(_("Not judged: the code has ended its process."))
    changed = sorted(session.processes.changed_settings())
    if not changed:
        return passed()
    if seeded := [seeding.NAMES[name] for name in changed if name in seeding.NAMES]:
        return failed("reseeded", _reseeded(seeded))
    return failed(
        "global-state",
        _(
            "It changes {names} and does not restore it, so unrelated code computes differently "
            "afterwards. Pass dtype=, device= and the like to the calls that need them, or use a "
            "`with` block.",
            names=and_list(changed),
        ),
    )


def _changed_in_single_calls(session: Session, function: Function) -> Outcome | None:
    usual = function.case_for_variants
    for case in function.value_cases:
        seen = session.observe(function, case)
        if seen.changes:
            return _changed(function, seen.changes, case.label)
    for layout in function.layouts:
        seen = session.observe(function, usual, layout=layout)
        if seen.changes:
            inputs = _("Inputs: {layout}.", layout=LAYOUT_NAMES[layout])
            return _changed(function, seen.changes, usual.label, inputs)
    return None


def _changed_in_later_calls(session: Session, function: Function, mode: str) -> Outcome | None:
    calls = repeated_calls(session, function, mode)
    reply, case = calls.submission, function.repeated_case.label
    if reply.changes and function.purity:
        return _changed(function, reply.changes, case, MODE_SENTENCES[mode])
    if reply.kept and not calls.reference_keeps:
        finding = _(
            "The results of two calls share memory, so a call overwrites the result of an earlier "
            "one. Return a new tensor from each call."
        )
        return failed("kept-result", join(finding, MODE_SENTENCES[mode]), case=case)
    if reply.reseeded:
        return failed("reseeded", _reseeded(reply.reseeded), case=case)
    return None


def _reseeded(names: Sequence[str]) -> Message:
    return _(
        "It sets the seed of the random generator of {names}, which all other code uses too. "
        "Use a torch.Generator instead.",
        names=and_list(names),
    )


def _changed(
    function: Function,
    changes: tuple[tuple[int, str], ...],
    case: Message,
    variant: Message = EMPTY,
) -> Outcome:
    """Return the finding that arguments were changed; the first kind of change decides."""
    _position, kind = changes[0]
    names = list(function.inputs)
    changed = [
        names[position]
        for position, change in changes
        if change == kind and 0 <= position < len(names)
    ]
    code = "modified-argument" if kind in (VALUES, ITEMS) else "changed-flag"
    message = Message(_CHANGES[kind].template, {"names": and_list(changed)})
    return failed(code, join(message, variant), case=case)
