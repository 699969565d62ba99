"""The pages: a report as one HTML file, and one exercise for a notebook."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

from torchkata.course.atomic_write import replace_file
from torchkata.i18n import Message, Translator, _
from torchkata.report import labels
from torchkata.report.html.exercise_view import exercise_view
from torchkata.report.html.page_parts import anchor, chapter_title, state_bar
from torchkata.report.html.strings import page_strings
from torchkata.report.html.templating import asset, csp_hash, markup, templates
from torchkata.result import ExerciseResult, Localize, Report, State


class HtmlReport:
    """One HTML file that is rewritten during a run; rendered exercises are cached.

    Args:
        path: A file in an existing folder.
        folder: The folder of the submissions, for the paths in the advice.
        localize: Returns the translator of an exercise.
        who: Whose work was graded; may be empty.
        when: The date and time of the run; None leaves it out.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        folder: str = "exercises",
        *,
        localize: Localize,
        who: str = "",
        when: datetime | None = None,
    ) -> None:
        self._path = path
        self._localize = localize
        self._folder = folder
        self._graded = ", ".join(filter(None, (who, f"{when:%Y-%m-%d %H:%M}" if when else "")))
        self._rendered: dict[str, tuple[ExerciseResult, str]] = {}

    def write(self, report: Report) -> None:
        """Write the report, in one step.

        Raises:
            UsageError: The file can't be written.
        """
        replace_file(self._path, self.page(report).encode("utf-8"))

    def page(self, report: Report) -> str:
        """Return the report as HTML."""
        translate = self._localize("")
        style, script = asset("style.css"), asset("script.js")
        counts = [
            (state.value, symbol, translate(labels.state(state)), report.summary[state.value])
            for state, symbol in labels.SYMBOLS.items()
        ]
        chapters = dict.fromkeys(result.chapter for result in report.exercises)
        page: str = (
            templates()
            .get_template("page.html.j2")
            .render(
                language=translate.language,
                w=page_strings(translate),
                style=style,
                script=script,
                style_hash=csp_hash(style),
                script_hash=csp_hash(script),
                counts=state_bar(counts),
                total=len(report.exercises),
                passed=report.summary[State.PASSED.value],
                headline=translate(_headline(report)),
                graded=self._graded,
                chapters=[self._chapter(name, report, translate) for name in chapters],
                facts=_run_facts(report, translate),
            )
        )
        return page

    def _chapter(self, name: str, report: Report, translate: Translator) -> dict[str, Any]:
        results = [result for result in report.exercises if result.chapter == name]
        passed = sum(result.state is State.PASSED for result in results)
        number, title = chapter_title(name)
        tally = _("{passed} of {total} passed", passed=passed, total=len(results))
        return {
            "anchor": "chapter-" + anchor(results[0].id).partition("--")[0],
            "number": number,
            "title": title,
            "tally": translate(tally),
            "exercises": [
                {
                    "anchor": anchor(result.id),
                    "name": result.name,
                    "state": result.state.value,
                    "label": translate(labels.state(result.state)),
                    "symbol": labels.SYMBOLS[result.state],
                    "part": self._part(result),
                }
                for result in results
            ],
        }

    def _part(self, result: ExerciseResult) -> str:
        """Return the part of one exercise, cached until it is graded again."""
        cached = self._rendered.get(result.id)
        if cached is None or cached[0] is not result:
            translate = self._localize(result.id)
            part = _render_part(exercise_view(result, translate, self._folder), translate)
            cached = self._rendered[result.id] = (result, part)
        return cached[1]


def notebook_cell(report: Report, localize: Localize) -> str:
    """Return a report of one exercise as the HTML output of a notebook cell.

    It is a frame with its own page, so neither its style nor the learner's output can affect the
    notebook. No script runs in it.

    Args:
        report: A report of one exercise.
        localize: Returns the translator of an exercise.
    """
    from markupsafe import escape  # noqa: PLC0415 - only pages need it

    (result,) = report.exercises
    translate = localize(result.id)
    style = asset("style.css")
    view = exercise_view(result, translate, None)
    page = (
        templates()
        .get_template("alone.html.j2")
        .render(
            language=translate.language,
            w=page_strings(translate),
            style=style,
            style_hash=csp_hash(style),
            title=f"{view['name']}: {view['label']}",
            part=_render_part(view, translate),
            facts=_run_facts(report, translate),
        )
    )
    return templates().get_template("frame.html.j2").render(e=view, page=escape(page))


def _render_part(view: dict[str, Any], translate: Translator) -> Any:
    template = templates().get_template("exercise.html.j2")
    return markup(template.render(w=page_strings(translate), e=view))


def _headline(report: Report) -> Message:
    total, passed = len(report.exercises), report.summary[State.PASSED.value]
    if total and passed == total:
        return _("Everything selected passed. Well done.")
    return _("{passed} of {total} exercises passed", passed=passed, total=total)


def _run_facts(report: Report, translate: Translator) -> list[tuple[str, str]]:
    """Return label and value of each fact about the run."""
    machine_labels = {
        "system": _("System"),
        "processor": _("Processor"),
        "python": _("Python"),
        "torch": _("PyTorch"),
        "confinement": _("Confinement"),
    }
    seed = _("{seed}; repeat with {option}", seed=report.seed, option=f"`--seed {report.seed}`")
    facts = [(translate(_("Seed")), translate(seed)), ("torchkata", report.version)]
    for key, value in report.machine.items():
        label = translate(machine_labels[key]) if key in machine_labels else key
        facts.append((label, translate(value) if isinstance(value, Message) else str(value)))
    return facts
