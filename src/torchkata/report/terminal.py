"""The report in a terminal: one exercise after the other, then what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TextIO

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from torchkata.i18n import Message, Translator, _, join, quantities
from torchkata.report import comparison, cost_table, labels
from torchkata.report.console import Console
from torchkata.report.grouping import group_findings, state_counts
from torchkata.report.text import wrapped
from torchkata.result import CheckResult, ExerciseResult, Localize, Report, State, Verdict

_NARROW: Final = 60  # cells below which indents replace columns
_MOST_LINES: Final = 20  # of the learner's output
_ERASE: Final = Control((ControlType.ERASE_IN_LINE, 2), ControlType.CARRIAGE_RETURN)


class TerminalReport:
    """Prints results as they become available.

    On a terminal, a status line names the exercise that is being graded. It is not animated,
    because an animation would take CPU time from the submission that is being timed.

    Args:
        localize: Returns the translator of an exercise.
        color: Whether to use colors; None uses them on terminals, unless NO_COLOR is set.
        width: Cells per line (default: the terminal's width, or 80 if it is no terminal).
        file: Where to print (default: standard output).
        verbose: Whether passed exercises show their cost table, output and undecided checks too.
        folder: The folder of the submissions, for the paths in the advice.
        advice: Whether to print both sources after a pass, and otherwise what to do next on the
            command line.
    """

    def __init__(
        self,
        localize: Localize,
        *,
        color: bool | None = None,
        width: int | None = None,
        file: TextIO | None = None,
        verbose: bool = False,
        folder: str = "exercises",
        advice: bool = True,
    ) -> None:
        self._localize = localize
        self._console = Console(file, color=color, width=width)
        self._width = self._console.width
        self._wide = self._width >= _NARROW
        self._safe = self._console.safe
        self._verbose = verbose
        self._folder = folder
        self._advice = advice
        self._total = self._done = 0
        self._after_gap = True  # whether the last printed line was blank

    def started(self, total: int) -> None:
        """Note how many exercises will be graded."""
        self._total, self._done = total, 0

    def running(self, exercise_id: str) -> None:
        """Show on a terminal which exercise is being graded; elsewhere show nothing."""
        if self._console.live:
            self._erase()
            text = f"{self._done + 1}/{self._total}  {self._safe(exercise_id)} ..."
            self._console.rich.print(Text(set_cell_size(text, self._width - 1), "dim"), end="\r")

    def finished(self, result: ExerciseResult) -> None:
        """Print the result of one exercise."""
        translate = self._localize(result.id)
        self._done += 1
        self._erase()
        untouched = result.state is State.TODO and not result.seconds
        passed = result.state is State.PASSED
        alone = self._total == 1 and (result.comparison is not None or result.message)
        if untouched or (passed and not self._verbose and not alone):
            self._print_headline(result, translate)
            return
        self._print_gap()
        self._print_headline(result, translate)
        if result.message:
            self._print_paragraph(translate(result.message), lead="  ")
        self._print_checks(result, translate)
        self._print_sources(result, translate)
        self._print_costs(result, translate)
        self._print_remarks(result, translate)
        self._print_output(result, translate)
        if self._advice and not passed:
            self._print_next_steps(result, translate)
        self._print_gap()

    def closing(self, report: Report, notes: Sequence[Message]) -> None:
        """Print the end of a run: notes, a closing remark, and the counts as the last line.

        Args:
            report: All results.
            notes: Notes on the run.
        """
        translate = self._localize("")
        self._erase()
        self._print_gap()
        for note in notes:
            self._print_paragraph(translate(note), style="dim")
        results = report.exercises
        states = {result.state for result in results}
        if states == {State.TODO} and not any(result.seconds for result in results):
            start = _(
                "Nothing is started yet. Begin with {file}: read the text at its top, write "
                "your code, then run `nox -s grade -- {name}`.",
                file=f"{self._folder}/{results[0].id}.py",
                name=results[0].name,
            )
            self._print_gap()
            self._print_paragraph(translate(start))
        elif states == {State.PASSED}:
            text = translate(_("Everything selected passed. Well done."))
            self._print_gap()
            self._print_paragraph(text, style="green")
        self._print_gap()
        self._print_line((self._safe(translate(state_counts(report))), "bold"))

    def _print_headline(self, result: ExerciseResult, translate: Translator) -> None:
        symbols = labels.ASCII_SYMBOLS if self._console.ascii else labels.TERMINAL_SYMBOLS
        state = self._safe(translate(labels.state(result.state)))
        lead = f"{symbols[result.state]} {state}"
        name = self._safe(result.id)
        taken = quantities.seconds(result.seconds) if result.seconds else ""
        passed = result.state is State.PASSED
        cost = self._safe(translate(cost_table.summary(result.cost_table))) if passed else ""
        lead += taken.rjust(21 - cell_len(lead)) if self._wide else ""
        tail = cost if self._wide else taken
        fits = cell_len(f"{lead}  {name}  {tail}") <= self._width
        style = labels.STYLES[result.state]
        self._print_line((lead, style), f"  {name}" + (f"  {tail}" if fits else ""))
        if cost and not (self._wide and fits):
            self._print_paragraph(cost, lead=" " * (cell_len(lead) + 2 if self._wide else 2))

    def _print_checks(self, result: ExerciseResult, translate: Translator) -> None:
        failed = [check for check in result.failed if check.message_with_case != result.message]
        undecided = [
            check for check in _undecided(result) if check.message_with_case != result.message
        ]
        self._print_gap()
        for axis, message in group_findings(failed):
            label = translate(labels.axis(axis)).upper()
            self._print_labeled(label, translate(message), "bold")
        for why in (check.why for check in result.failed if check.why):
            self._print_labeled(translate(_("WHY")), translate(why), "bold")
        for axis, message in group_findings(undecided):
            text = translate(join(_("No verdict."), message))
            self._print_labeled(translate(labels.axis(axis)), text, "dim")

    def _print_sources(self, result: ExerciseResult, translate: Translator) -> None:
        if result.comparison is not None and self._advice:
            self._print_gap()
            for line in comparison.code_lines(result.comparison, self._console, translate):
                self._print_line(line)

    def _print_costs(self, result: ExerciseResult, translate: Translator) -> None:
        bar = "#" if self._console.ascii else "█"
        width = self._width - 2
        self._print_gap()
        for line in cost_table.draw_table(result.cost_table, translate, width=width, bar=bar):
            self._print_line("  " + self._safe(line))

    def _print_remarks(self, result: ExerciseResult, translate: Translator) -> None:
        self._print_gap()
        for label, message in comparison.remarks(result):
            self._print_labeled(translate(label), translate(message), "bold")

    def _print_output(self, result: ExerciseResult, translate: Translator) -> None:
        """Print the submission's output, each line behind a bar, so that it can't imitate ours."""
        lines = result.output.rstrip().splitlines()
        rows = [
            row
            for line in lines[:_MOST_LINES]
            for row in chop_cells(self._safe(line), self._width - 4) or [""]
        ]
        if not rows:
            return
        self._print_gap()
        self._print_line("  " + self._safe(translate(_("Your output"))))
        for row in rows[:_MOST_LINES]:
            self._print_line("  | " + row)
        if max(len(lines), len(rows)) > _MOST_LINES:
            total = quantities.count(len(result.output))
            cut = translate(_("truncated ({count} characters)", count=total))
            self._print_line("  " + self._safe(cut))

    def _print_next_steps(self, result: ExerciseResult, translate: Translator) -> None:
        self._print_gap()
        command = f"`nox -s grade -- {result.name}`"
        if result.state is State.UNMEASURABLE:
            if not any(check.axis == "speed" for check in _undecided(result)):
                return  # a less busy machine would not help
            step = _("run {command} again when the machine is less busy", command=command)
            self._print_labeled(translate(_("Next:")), translate(step))
        else:
            file = f"{self._folder}/{result.id}.py"
            step = _("edit {file}, then run {command}", file=file, command=command)
            self._print_labeled(translate(_("Next:")), translate(step))
            self._print_labeled(translate(_("Stuck?")), f"`nox -s hint -- {result.name}`")

    def _print_labeled(self, label: str, text: str, style: str = "") -> None:
        label = self._safe(label)
        lead = f"  {label}  " if not self._wide else f"  {label}" + " " * (11 - cell_len(label))
        hang = " " * (13 if self._wide else 4)
        self._print_paragraph(text, lead=lead, hang=hang, style=style)

    def _print_paragraph(
        self, text: str, *, lead: str = "", hang: str | None = None, style: str = ""
    ) -> None:
        """Print wrapped text; a lead that is more than spaces is styled instead of the text.

        Args:
            text: The text.
            lead: The start of the first line.
            hang: The start of all other lines (default: spaces as wide as the lead).
            style: The style of the lead or the text.
        """
        hang = " " * cell_len(lead) if hang is None else hang
        body_style = "" if lead.strip() else style
        for line in wrapped(self._safe(text), self._width, cell_len(lead), len(hang)):
            self._print_line((lead, style), (line, body_style))
            lead = hang

    def _print_line(self, *parts: str | tuple[str, str] | Text) -> None:
        self._console.print_line(*parts)
        self._after_gap = False

    def _print_gap(self) -> None:
        """Print a blank line, unless the last line was one."""
        if not self._after_gap:
            self._print_line("")
        self._after_gap = True

    def _erase(self) -> None:
        """Remove the status line."""
        if self._console.live:
            self._console.rich.control(_ERASE)


def _undecided(result: ExerciseResult) -> list[CheckResult]:
    return [check for check in result.checks if check.verdict is Verdict.UNMEASURABLE]
