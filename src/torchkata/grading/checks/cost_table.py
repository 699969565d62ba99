"""The cost ladder: what all contenders cost on a budget's sizes, or on the usual case."""

from __future__ import annotations

from torchkata.course.spec.budgets import Memory, Speedup
from torchkata.course.spec.case import Case
from torchkata.course.spec.function import Function
from torchkata.errors import KataError
from torchkata.grading.checks.metering import costs, measure
from torchkata.grading.session import Session
from torchkata.sandbox.worker_client import Worker


def climb(session: Session, without: set[str]) -> None:
    """Count ops and bytes of every contender, beside the times that the clock has found.

    Where no budget names sizes, submission and reference meet on the usual case.

    Args:
        session: the exercise under judgement.
        without: entry points whose answers are wrong, and so have no cost worth showing.
    """
    for function in session.spec.functions:
        if function.name in without:
            continue
        sized = False
        for budget in function.budget:
            match budget:
                case Speedup(over=over, at=at):
                    slow = session.baseline(over)
                    _rungs(session, function, Case.timed(at), {budget.rival: slow})
                    sized = True
                case Memory(at=at) if at:
                    _rungs(session, function, Case.timed(at), {})
                    sized = True
        if not sized and function.case_for_variants.raises is None:
            _rungs(session, function, function.case_for_variants, {})


def label(session: Session, function: Function, case: Case) -> str:
    """What a rung's case is called: with the function's name where there are several."""
    several = len(session.spec.entries) > 1
    return f"{function.name}, {case.words}" if several else case.words


def _rungs(
    session: Session, function: Function, case: Case, slow: dict[str, tuple[Worker, str]]
) -> None:
    try:  # the submission may have lost its process, and the right to another one
        contenders = {
            **slow,
            "yours": (session.worker, function.name),
            "reference": (session.reference, function.name),
        }
    except KataError:
        return
    name = label(session, function, case)
    for who, (worker, entry) in contenders.items():
        memory = who not in slow  # metering a loop of a thousand ops takes long, and tells little
        try:
            ask = costs if memory else measure
            cost = ask(session, worker, function, case, entry=entry)
        except KataError:
            return  # the checks have said what is wrong; the ladder only illustrates
        count = cost["ops"]
        session.rung(who, name, count, ops=count.total)
        if conversions := sum(count.conversions.values()):
            session.rung(who, name, conversions=conversions)
        if memory:
            session.rung(who, name, extra_bytes=cost["memory"].peak_bytes)
