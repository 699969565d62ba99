"""The command `doctor`: what is missing or limited on this machine, and what that costs."""

from __future__ import annotations

import argparse
from pathlib import Path

from torchkata.cli.main import ExitCode
from torchkata.course.shadowing import shadowing_note
from torchkata.course.translations import Translations
from torchkata.i18n import _
from torchkata.learner.machine import Status, examine
from torchkata.report.console import Console
from torchkata.report.text import wrapped

_INDENT = 4
_SYMBOLS = {Status.OK: "✓", Status.LIMITED: "~", Status.MISSING: "✗"}
_ASCII = {Status.OK: "ok", Status.LIMITED: "~", Status.MISSING: "x"}
_COLORS = {Status.OK: "green", Status.LIMITED: "yellow", Status.MISSING: "red"}


def doctor(options: argparse.Namespace, translations: Translations) -> int:
    """Print the findings; exit with 1 if grading cannot work here."""
    console = Console(color=False if options.no_color else None)
    translate, here = translations(""), Path.cwd()
    statuses = set()
    for finding in examine(here):
        statuses.add(finding.status)
        symbol = (_ASCII if console.ascii else _SYMBOLS)[finding.status]
        found = console.safe(
            translate(_("{topic}: {found}", topic=finding.topic, found=finding.found))
        )
        console.print_line((symbol, _COLORS[finding.status]), " ", found)
        if finding.cost:
            text = console.safe(translate(finding.cost))
            for line in wrapped(text, console.width, _INDENT, _INDENT):
                console.print_line(" " * _INDENT, line)
    if Status.MISSING in statuses:
        summary = _("Grading does not work here. Fix what is marked {symbol} first.",
                    symbol=(_ASCII if console.ascii else _SYMBOLS)[Status.MISSING])  # fmt: skip
    elif Status.LIMITED in statuses:
        summary = _("Grading works here, with these limits.")
    else:
        summary = _("Grading works here without limits.")
    for message in (*shadowing_note(here), summary):
        console.print_line(console.safe(translate(message)))
    return ExitCode.FAILED if Status.MISSING in statuses else ExitCode.OK
