"""The page from a report: templates filled in, every value escaped, all of it in one file."""

from __future__ import annotations

import os
from typing import Any, Final

from torchkata.i18n import _
from torchkata.report import labels as names
from torchkata.report.html.exercise_view import anchor, view
from torchkata.report.html.strings import SYMBOLS, page_words
from torchkata.report.html.templating import asset, digest, markup, templates
from torchkata.course.atomic_write import replace_file
from torchkata.result import ExerciseResult, Report, State

_TRACK: Final = 1000.0  # units along the bar of progress


class HtmlReport:
    """One HTML file that follows a run; what was drawn for an exercise is kept.

    Args:
        path: the file, in a folder that exists.
        folder: holds the submissions, for the paths in the advice.
    """

    def __init__(self, path: str | os.PathLike[str], folder: str = "exercises") -> None:
        self._path = path
        self._folder = folder
        self._drawn: dict[str, tuple[ExerciseResult, str]] = {}

    def write(self, report: Report) -> None:
        """Put the report in the file's place, in one step.

        Raises:
            UsageError: the file cannot be written.
        """
        replace_file(self._path, self.page(report).encode("utf-8"))

    def page(self, report: Report) -> str:
        """Write the report as HTML."""
        style, script = asset("style.css"), asset("script.js")
        page: str = (
            templates()
            .get_template("page.html.j2")
            .render(
                language=chosen(),
                w=page_words(),
                style=style,
                script=script,
                style_hash=digest(style),
                script_hash=digest(script),
                counts=_counts(report),
                total=len(report.exercises),
                passed=report.summary[State.PASSED.value],
                headline=_headline(report),
                chapters=[_chapter(name, self._of(report, name)) for name in _chapters(report)],
                facts=list(_facts(report)),
            )
        )
        return page

    def _of(self, report: Report, chapter: str) -> list[tuple[ExerciseResult, str]]:
        return [(r, self._part(r)) for r in report.exercises if r.chapter == chapter]

    def _part(self, result: ExerciseResult) -> str:
        """The part of one exercise, as drawn before unless it was judged since."""
        known = self._drawn.get(result.id)
        if known is None or known[0] is not result:
            template = templates().get_template("exercise.html.j2")
            part = template.render(w=page_words(), e=view(result, self._folder))
            known = self._drawn[result.id] = (result, markup(part))
        return known[1]


def write_html(report: Report, path: str | os.PathLike[str], folder: str = "exercises") -> None:
    """Write a report that is complete as HTML.

    Args:
        report: what to write.
        path: the file, in a folder that exists.
        folder: holds the submissions, for the paths in the advice.

    Raises:
        UsageError: the file cannot be written.
    """
    HtmlReport(path, folder).write(report)


def cell_view(report: Report) -> str:
    """Write a report of one exercise as what a notebook shows below a cell.

    It is a frame with a page of its own, so neither its style nor what the learner's code printed
    can touch the notebook; nothing in it is run.
    """
    from markupsafe import escape  # noqa: PLC0415 - as in `paper`

    (result,) = report.exercises
    style = asset("style.css")
    part = templates().get_template("exercise.html.j2")
    shown = view(result, None)
    page = (
        templates()
        .get_template("alone.html.j2")
        .render(
            language=chosen(),
            w=page_words(),
            style=style,
            style_hash=digest(style),
            title=f"{shown['name']}: {shown['word']}",
            part=markup(part.render(w=page_words(), e=shown)),
            facts=list(_facts(report)),
        )
    )
    return templates().get_template("frame.html.j2").render(e=shown, page=escape(page))


def _chapters(report: Report) -> list[str]:
    return list(dict.fromkeys(result.chapter for result in report.exercises))


def _chapter(name: str, results: list[tuple[ExerciseResult, str]]) -> dict[str, Any]:
    number, _unused, words = name.partition("_")
    titled = number.isdigit() and words
    passed = sum(result.state is State.PASSED for result, _unused in results)
    return {
        "anchor": "chapter-" + anchor(results[0][0]).partition("--")[0],
        "number": number if titled else "",
        "title": (words if titled else name).replace("_", " ").capitalize(),
        "passed": passed,
        "total": len(results),
        "tally": _("{passed} of {total} passed", passed=passed, total=len(results)),
        "exercises": [
            {
                "anchor": anchor(result),
                "name": result.name,
                "state": result.state.value,
                "word": names.state(result.state.value),
                "symbol": SYMBOLS[result.state],
                "part": part,
            }
            for result, part in results
        ],
    }


def _counts(report: Report) -> list[dict[str, Any]]:
    """How many exercises are in each state that occurs, and their stretch of the bar."""
    counts, start = [], 0.0
    for state, symbol in SYMBOLS.items():
        if n := report.summary[state.value]:
            wide = _TRACK * n / len(report.exercises)
            counts.append(
                {
                    "state": state.value,
                    "word": names.state(state.value),
                    "symbol": symbol,
                    "n": n,
                    "x": round(start, 1),
                    "wide": round(wide, 1),
                }
            )
            start += wide
    return counts


def _headline(report: Report) -> str:
    total, passed = len(report.exercises), report.summary[State.PASSED.value]
    if total and passed == total:
        return _("Everything selected passed. Well done.")
    return _("{passed} of {total} exercises passed", passed=passed, total=total)


def _facts(report: Report) -> list[tuple[str, str]]:
    """What to know about the run, label by label."""
    labels = {
        "system": _("System"),
        "processor": _("Processor"),
        "python": _("Python"),
        "torch": _("PyTorch"),
        "confinement": _("Confinement"),
    }
    again = _("{seed}; repeat with {command}", seed=report.seed, command=f"`--seed {report.seed}`")
    machine = [(labels.get(key, key), str(value)) for key, value in report.machine.items()]
    return [(_("Seed"), again), ("torchkata", report.version), *machine]
