"""Parts that the learner's page and the class report share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from torchkata.i18n import Message, Translator, _
from torchkata.instructor.gradebook.csv_export import MISSING
from torchkata.report import labels
from torchkata.report.html.page_parts import state_bar
from torchkata.report.html.templating import asset, csp_hash, markup, templates
from torchkata.result import State

_HERE: Final = Path(__file__).parent


def render_page(
    template: str, facts: Sequence[tuple[str, str]], translate: Translator, **variables: Any
) -> str:
    """Render a template beside this file with the style and the script of all pages.

    Args:
        template: Its name.
        facts: Label and value of each entry of the footer.
        translate: The translator of the page.
        variables: Of the template.
    """
    style = markup(asset("style.css") + asset("more.css", _HERE))
    script = asset("script.js")
    page: str = (
        templates(_HERE)
        .get_template(template)
        .render(
            language=translate.language,
            style=style,
            script=script,
            style_hash=csp_hash(style),
            script_hash=csp_hash(script),
            facts=facts,
            **variables,
        )
    )
    return page


def count_bar(counts: Mapping[str, int], translate: Translator) -> list[dict[str, Any]]:
    """Return the states that occur, each with its count and its segment of a bar."""
    return state_bar(
        (state, symbol(state), translate(state_label(state)), counts.get(state, 0))
        for state in (*map(str, labels.SYMBOLS), MISSING)
    )


def state_label(state: str) -> Message:
    """Return the label of a state of the gradebook."""
    return _("not submitted") if state == MISSING else labels.state(state)


def symbol(state: str) -> str:
    """Return the symbol of a state of the gradebook."""
    return "-" if state == MISSING else labels.SYMBOLS[State(state)]
