"""Outcomes on the terminal: one exercise after the other, then what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from torchkata.i18n import _, join
from torchkata.report import comparison as versus
from torchkata.report import cost_table, grouping, labels
from torchkata.report import text as units
from torchkata.report.console import Screen
from torchkata.result import CheckResult, ExerciseResult, Report, State, Verdict

_LOOKS = {  # state: symbol, symbol in ASCII, style
    State.PASSED: ("✓", "+", "green"),
    State.FAILED: ("✗", "x", "red"),
    State.ERROR: ("!", "!", "red"),
    State.TIMEOUT: ("!", "!", "red"),
    State.UNMEASURABLE: ("?", "?", "yellow"),
    State.TODO: ("·", "-", "dim"),
}
_NARROW = 60  # cells below which columns give way to indents
_LINES = 20  # of the learner's prints
_ERASE = Control((ControlType.ERASE_IN_LINE, 2), ControlType.CARRIAGE_RETURN)


class TerminalReport:
    """Prints outcomes as they come.

    On a terminal a status line says what is running; it stands still, for an animation would take
    time from the core whose clock is being read.
    """

    def __init__(
        self,
        *,
        color: bool | None = None,
        width: int | None = None,
        file: TextIO | None = None,
        verbose: bool = False,
        folder: str = "exercises",
        advice: bool = True,
    ) -> None:
        """Prepare to print.

        Args:
            color: True or False to insist; None for colour on terminals, unless NO_COLOR is set.
            width: cells to a line; None for the terminal's width, 80 elsewhere.
            file: where to print; standard output by default.
            verbose: whether passed exercises too show their ladder, prints and skipped checks.
            folder: holds the submissions, for the paths in the advice.
            advice: whether a verdict has what a screen of its own shows by keys: after a pass both
                answers, else what to do next on the command line.
        """
        self._screen = Screen(file, color=color, width=width)
        self._width = self._screen.width
        self._ascii = self._screen.ascii
        self._safe = self._screen.safe
        self._verbose = verbose
        self._folder = folder
        self._advice = advice
        self._total = self._done = 0
        self._apart = True  # whether the last line printed was blank

    def started(self, total: int) -> None:
        """Note how many exercises will be judged."""
        self._total, self._done = total, 0

    def running(self, exercise_id: str) -> None:
        """Show on a terminal what is being judged now; elsewhere show nothing."""
        if self._screen.live:
            self._erase()
            text = f"{self._done + 1}/{self._total}  {self._safe(exercise_id)} ..."
            self._screen.console.print(Text(set_cell_size(text, self._width - 1), "dim"), end="\r")

    def finished(self, result: ExerciseResult) -> None:
        """Print one exercise."""
        self._done += 1
        self._erase()
        untouched = result.state is State.TODO and not result.seconds
        passed = result.state is State.PASSED
        more = result.comparison is not None or result.message
        alone = passed and more and self._total == 1
        if untouched or (passed and not self._verbose and not alone):
            self._headline(result)
            return
        self._gap()
        self._headline(result)
        if result.message:
            self._paragraph(result.message, lead="  ")
        self._checks(result)
        self._answers(result)
        self._costs(result)
        self._difference(result)
        self._prints(result)
        if self._advice and result.state is not State.PASSED:
            self._next(result)
        self._gap()

    def closing(self, report: Report, notes: Sequence[str]) -> None:
        """Print the end: notes, a first or last word, and the counts as the last line."""
        self._erase()
        self._gap()
        for note in notes:
            self._paragraph(note, style="dim")
        results = report.exercises
        states = {result.state for result in results}
        if states == {State.TODO} and not any(result.seconds for result in results):
            self._gap()
            self._paragraph(
                _(
                    "Nothing is started yet. Begin with {file}: read the text at its top, write "
                    "your answer, then run `nox -s grade -- {name}`.",
                    file=f"{self._folder}/{results[0].id}.py",
                    name=results[0].name,
                )
            )
        elif states == {State.PASSED}:
            self._gap()
            self._paragraph(_("Everything selected passed. Well done."), style="green")
        self._gap()
        self._line((self._safe(grouping.counted(report)), "bold"))

    def _headline(self, result: ExerciseResult) -> None:
        symbol, simple, style = _LOOKS[result.state]
        lead = f"{simple if self._ascii else symbol} {self._safe(labels.state(result.state))}"
        name = self._safe(result.id)
        taken = quantities.seconds(result.seconds) if result.seconds else ""
        cost = self._safe(cost_table.summary(result.ladder)) if result.state is State.PASSED else ""
        wide = self._width >= _NARROW
        lead += taken.rjust(21 - cell_len(lead)) if wide else ""
        tail = cost if wide else taken
        fits = cell_len(f"{lead}  {name}  {tail}") <= self._width
        self._line((lead, style), f"  {name}" + (f"  {tail}" if fits else ""))
        if cost and not (wide and fits):
            self._paragraph(cost, lead=" " * (cell_len(lead) + 2 if wide else 2))

    def _checks(self, result: ExerciseResult) -> None:
        failed = [check for check in result.failed if check.message != result.message]
        unsure = [check for check in _unsure(result) if check.message != result.message]
        self._gap()
        for axis, text in grouping.grouped(failed):
            self._labelled(labels.axis(axis).upper(), text, "bold")
        for why in (check.why for check in result.failed if check.why):
            self._labelled(_("WHY"), why, "bold")
        for axis, text in grouping.grouped(unsure):
            self._labelled(labels.axis(axis), join(_("No verdict."), text), "dim")

    def _answers(self, result: ExerciseResult) -> None:
        if result.comparison is not None and self._advice:
            self._gap()
            for line in versus.answers(result.comparison, self._screen):
                self._line(line)

    def _difference(self, result: ExerciseResult) -> None:
        self._gap()
        for label, text in versus.words(result):
            self._labelled(label, text, "bold")

    def _costs(self, result: ExerciseResult) -> None:
        bar = "#" if self._ascii else "█"
        self._gap()
        for line in cost_table.table(result.ladder, width=self._width - 2, bar=bar):
            self._line("  " + self._safe(line))

    def _prints(self, result: ExerciseResult) -> None:
        """Print what the submission printed, each line behind a bar that it cannot leave."""
        lines = result.output.rstrip().splitlines()
        rows = [
            row
            for line in lines[:_LINES]
            for row in chop_cells(self._safe(line), self._width - 4) or [""]
        ]
        if not rows:
            return
        self._gap()
        self._line("  " + self._safe(_("Your prints")))
        for row in rows[:_LINES]:
            self._line("  | " + row)
        if max(len(lines), len(rows)) > _LINES:
            cut = _("cut here, of {count} characters", count=quantities.count(len(result.output)))
            self._line("  " + self._safe(cut))

    def _next(self, result: ExerciseResult) -> None:
        self._gap()
        again = f"`nox -s grade -- {result.name}`"
        if result.state is State.UNMEASURABLE:
            if not any(check.axis == "speed" for check in _unsure(result)):
                return  # a calmer machine would not help
            again = _("run {command} again on a calm machine", command=again)
            self._labelled(_("Next:"), again)
        else:
            file = f"{self._folder}/{result.id}.py"
            edit = _("edit {file}, then {command}", file=file, command=again)
            self._labelled(_("Next:"), edit)
            self._labelled(_("Stuck?"), f"`nox -s hint -- {result.name}`")

    def _labelled(self, label: str, text: str, style: str = "") -> None:
        wide = self._width >= _NARROW
        label = self._safe(label)
        lead = f"  {set_cell_size(label, max(11, cell_len(label)))}" if wide else f"  {label}  "
        self._paragraph(text, lead=lead, hang=" " * 13 if wide else "    ", style=style)

    def _paragraph(
        self, text: str, *, lead: str = "", hang: str | None = None, style: str = ""
    ) -> None:
        """Print text wrapped; a lead of words carries the style, an empty one leaves it to all."""
        hang = " " * cell_len(lead) if hang is None else hang
        body = "" if lead.strip() else style
        for line in units.wrapped(self._safe(text), self._width, cell_len(lead), len(hang)):
            self._line((lead, style), (line, body))
            lead = hang

    def _line(self, *parts: str | tuple[str, str] | Text) -> None:
        self._screen.line(*parts)
        self._apart = False

    def _gap(self) -> None:
        if not self._apart:
            self._line("")
        self._apart = True

    def _erase(self) -> None:
        if self._screen.live:
            self._screen.console.control(_ERASE)


def _unsure(result: ExerciseResult) -> list[CheckResult]:
    return [check for check in result.checks if check.verdict is Verdict.UNMEASURABLE]
