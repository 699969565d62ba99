"""The report in a terminal: one exercise after the other, then what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TextIO

from rich.cells import cell_len, set_cell_size
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text

from torchkata.i18n import EMPTY, Message, Translator, _, comma_list, join, quantities, verbatim
from torchkata.report import comparison, cost_table, grouping, labels
from torchkata.report.console import Console
from torchkata.report.printed import fold_line, split_output
from torchkata.report.text import wrapped
from torchkata.result import TODO, CheckResult, ExerciseResult, Localize, Report, State, Verdict

_NARROW: Final = 60  # cells below which indents replace columns
_LONGEST_LABEL: Final = 10  # cells; the text of a longer label follows it directly
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
        verbose: Whether to show every check, and details of passed exercises too.
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
        self._list_untouched = True
        self._after_gap = True  # whether the last printed line was blank

    def started(self, total: int, *, list_untouched: bool = True) -> None:
        """Note how many exercises will be graded.

        Args:
            total: Their number; a single one is shown in detail, also if it passes.
            list_untouched: Whether exercises that are not started have a line each.
        """
        self._total, self._done = total, 0
        self._list_untouched = list_untouched

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
        if untouched and not self._list_untouched:
            return
        passed = result.state is State.PASSED
        if untouched or (passed and not self._verbose and self._total != 1):
            self._print_headline(result, translate)
            return
        self._print_gap()
        self._print_headline(result, translate)
        failed = [check for check in result.failed if check.message_with_case != result.message]
        findings = grouping.group_findings(failed)
        if message := grouping.state_message(result, findings):
            self._print_paragraph(translate(message), lead="  ")
        self._print_findings(result, findings, translate)
        if self._verbose:
            self._print_every_check(result, translate)
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
        self._print_line((self._safe(translate(grouping.state_counts(report))), "bold"))

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

    def _print_findings(
        self, result: ExerciseResult, findings: Sequence[grouping.Finding], translate: Translator
    ) -> None:
        """Print the explanation, then what it explains, then what could not be judged."""
        shown, rest = (findings, EMPTY) if self._verbose else grouping.most_important(findings)
        self._print_gap()
        for why in grouping.explanations(result.failed):
            self._print_labeled(translate(_("WHY")), translate(why), "bold")
        for finding in shown:
            label = translate(labels.axis(finding.axis)).upper()
            self._print_labeled(label, translate(finding.message), "bold")
        if rest:
            every = _("`--verbose` shows every check.") if self._advice else EMPTY
            self._print_labeled("", translate(join(rest, every)))
        undecided = [check for check in _undecided(result) if check.message != result.message]
        other, waiting = grouping.split_waiting(undecided)
        for finding in grouping.group_findings(other):
            text = translate(grouping.no_verdict(finding))
            self._print_labeled(translate(labels.axis(finding.axis)), text, "dim")
        if waiting:
            axes = [labels.axis(axis) for axis in dict.fromkeys(check.axis for check in waiting)]
            text = translate(_("Not judged yet: {axes}.", axes=comma_list(axes)))
            self._print_labeled("", text, "dim")

    def _print_every_check(self, result: ExerciseResult, translate: Translator) -> None:
        """Print one line per check: its verdict, its axis, its name and its case."""
        if not result.checks:
            return
        self._print_gap()
        self._print_line("  " + self._safe(translate(_("Checks"))))
        symbols = labels.ASCII_SYMBOLS if self._console.ascii else labels.TERMINAL_SYMBOLS
        for check in result.checks:
            state = State(check.verdict.value)
            axis, (name, case) = labels.axis(check.axis), labels.check_name(check)
            parts = filter(None, (name if name != axis else EMPTY, case))
            start = set_cell_size(translate(axis), 10)
            text = " ".join(self._safe(f"{start} {translate(comma_list(list(parts)))}").split("\n"))
            room = self._width - 4
            text = text if cell_len(text) <= room else set_cell_size(text, room - 2) + ".."
            self._print_line("  ", (symbols[state], labels.STYLES[state]), f" {text}")

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
        printed = split_output(result.output)
        for title, lines in (
            (_("Warnings"), [translate(warning) for warning in printed.warnings]),
            (_("Your output"), printed.text.rstrip().splitlines()),
        ):
            rows = [
                row
                for line in lines[:_MOST_LINES]
                for row in fold_line(self._safe(line), self._width - 4)
            ]
            if not rows:
                continue
            self._print_gap()
            self._print_line("  " + self._safe(translate(title)))
            for row in rows[:_MOST_LINES]:
                self._print_line("  | " + row)
            if max(len(lines), len(rows)) > _MOST_LINES:
                total = quantities.count(sum(map(len, lines)) + len(lines) - 1)
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
            stuck = verbatim(f"`nox -s hint -- {result.name}`")
            self._print_labeled(translate(_("Stuck?")), translate(stuck))

    def _print_labeled(self, label: str, text: str, style: str = "") -> None:
        label = self._safe(label)
        lead = f"  {label}  " if label else "    "
        if self._wide:
            long = cell_len(label) > _LONGEST_LABEL
            lead = f"  {label}: " if long else "  " + label + " " * (11 - cell_len(label))
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
    """Return the checks without a verdict; what is to do is named by the state's message."""
    return [c for c in result.checks if c.verdict is Verdict.UNMEASURABLE and c.code != TODO]
