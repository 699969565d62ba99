"""The HTML report: its content, its structure, and text from hostile submissions."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from helpers import torchkata

from torchkata.errors import UsageError
from torchkata.i18n import ENGLISH_TRANSLATOR, Message, Translator, quantities, verbatim
from torchkata.report.html import HtmlReport, charts
from torchkata.report.html.exercise_view import metric_items
from torchkata.report.html.page_parts import anchor, chapter_title, state_bar
from torchkata.report.html.templating import templates
from torchkata.report.labels import check_name
from torchkata.result import (
    CheckResult,
    Comparison,
    CostRow,
    ExerciseResult,
    GrowthCurve,
    Report,
    State,
    Verdict,
)

VOID = {"meta", "input", "wbr", "br", "img", "link", "hr"}
SEPARATE = {"p", "li", "div", "dt", "dd", "th", "td", "pre", "summary"}
HOSTILE = (
    "<script>window.owned = 1</script>",
    "</title></style></script></pre></svg></textarea><script>window.owned = 1</script>",
    '"><img src=x onerror="window.owned = 1">',
    "' onmouseover='window.owned = 1",
    "{{ 7 * 7 }} {% raw %} $x^2$ $\\frac{1}{2}$",
    "\x1b[31mred\x1b[0m \x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
    "\u202egnp.exe\u202c \u2066x\u2069",
    "nul \x00 bell \x07 lone \ud800",
    "w" * 1_000_000,
    "希望" * 2000,
    "\n" * 5000 + "x",
    "]]> <!-- --> &lt; &amp; &#x202e;",
    "`a` <b>`</b>",
)


class Page(HTMLParser):
    """A parsed page: its elements in order, its text, and faults of its structure."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.faults += [f"{tag} is not closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts += [" "] * (tag in SEPARATE)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"{tag} closes another element")

    def handle_data(self, data: str) -> None:
        if self._open[-1:] not in (["style"], ["script"]):
            self.texts.append(data)

    @property
    def text(self) -> str:
        """The visible text, with single spaces."""
        return " ".join("".join(self.texts).split())

    def having(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        """Return the attributes of each matching element; `kind` means `class`."""
        pairs = {key.replace("kind", "class"): value for key, value in wanted.items()}
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and all(attributes.get(key) == value for key, value in pairs.items())
        ]


def english(_exercise_id: str) -> Translator:
    return ENGLISH_TRANSLATOR


def check(axis: str, verdict: str, message: str = "", **more: Any) -> CheckResult:
    for name in {"case", "why"} & set(more):
        more[name] = Message(more[name])
    return CheckResult(
        id=f"x::{axis}[{more.get('case', 'all')}]",
        axis=axis,
        verdict=Verdict(verdict),
        message=verbatim(message),
        **more,
    )


def exercise(stem: str, state: State, message: str = "", **more: Any) -> ExerciseResult:
    chapter, _slash, rest = stem.partition("/")
    return ExerciseResult(
        id=stem, name=rest[3:], chapter=chapter, state=state, message=verbatim(message), **more
    )


def cost_row(who: str, ops: dict[str, int], /, **metrics: float) -> CostRow:
    return CostRow(who=who, case=Message("timed (n=500, d=10)"), metrics=metrics, ops_by_name=ops)


def curve(who: str, exponent: float, *costs: float, of: str = "bytes") -> GrowthCurve:
    return GrowthCurve(
        who=who,
        function="running_sums",
        over="n",
        of=of,
        points=tuple(zip((16.0, 32.0, 64.0), costs, strict=True)),
        exponent=exponent,
        exponent_low=exponent - 0.1,
        exponent_high=exponent + 0.1,
        exponent_allowed=1.3,
    )


def report(*results: ExerciseResult) -> Report:
    machine = {"system": "Linux", "torch": "2.13", "confinement": "Confined."}
    return Report(version="0.1.0", seed=7, machine=machine, exercises=results)


LOOP = {"select": 500, "add_": 500, "zeros": 1}
COSTS = (
    cost_row("yours", {"select": 250, "add_": 250, "zeros": 1}, seconds_median=1e-3, ops=501),
    cost_row("reference", {"sum": 1}, seconds_median=6e-6, ops=1, extra_bytes=0),
    cost_row("slicing loop", LOOP, seconds_median=2.4e-3, ops=1001),
)
GROWTH = (
    curve("yours", 1.89, 42752, 151296, 564992),
    curve("reference", 1.0, 8192, 16384, 32768),
)
MIXED = report(
    exercise("01_basics/01_make_tensors", State.PASSED, seconds=0.8, checks=(
        check("values", "passed"), check("ops", "passed", metrics={"ops": 1.0}),
    )),
    exercise("01_basics/02_derivative", State.TODO, "Not started."),
    exercise("04_operators/03_row_sum", State.FAILED, "2 checks failed.", seconds=1.2, checks=(
        check("contract", "passed"),
        check("speed", "failed", "2.4x as fast as the `loop`, required 50x.",
              metrics={"ratio": 2.4, "threshold": 50.0, "seconds_median": 1e-3},
              why="Each `x[i]` is a separate op."),
        check("values", "failed", "3 of 4 values differ.", case="tall (n=500)"),
        check("memory", "unmeasurable", "Not checked."),
    ), cost_table=COSTS, output="hello\n"),
    exercise("04_operators/04_crash", State.ERROR, "Your code ended the process.", seconds=0.1),
    exercise("04_operators/05_endless", State.TIMEOUT, "No result within 10 s.", seconds=10),
    exercise("08_mixed_precision/01_noisy", State.UNMEASURABLE, "Timing is undecided.", seconds=3),
    exercise("09_beyond/05_grow", State.FAILED, "1 check failed.", seconds=1, growth=GROWTH),
)  # fmt: skip


def page_of(report: Report) -> str:
    return HtmlReport("unused", localize=english).page(report)


@pytest.fixture(scope="module")
def text() -> str:
    return page_of(MIXED)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_page_is_well_formed(page: Page) -> None:
    """Every element is closed in order, and ids are unique."""
    assert page.faults == []
    ids = [attributes["id"] for _tag, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_references_have_targets(page: Page) -> None:
    """Links, labels and charts refer to existing ids."""
    ids = {attributes.get("id") for _tag, attributes in page.elements}
    for _tag, attributes in page.elements:
        for key in ("href", "aria-labelledby", "for"):
            named = (attributes.get(key) or "").split()
            assert {name.removeprefix("#") for name in named} <= ids


def test_every_exercise_has_an_article(page: Page) -> None:
    """The article has name, state and message, and the chapter links to it."""
    stamps = {a["href"]: a["title"] for a in page.having("a") if "title" in a}
    for result in MIXED.exercises:
        id_ = anchor(result.id)
        (article,) = [a for a in page.having("article") if a["id"] == id_]
        assert article["aria-labelledby"] == f"{id_}-h"
        assert stamps[f"#{id_}"] == f"{result.name}: {result.state}"
        assert str(result.message) in page.text


def test_failing_exercises_are_open(page: Page) -> None:
    """Failing exercises are open, passed ones are closed, untouched ones have nothing to open."""
    folds = [
        (attributes["class"], "open" in next_attributes)
        for (tag, attributes), (following, next_attributes) in pairwise(page.elements)
        if tag == "article" and following == "details"
    ]
    assert folds == [("exercise passed", False)] + [("exercise failing", True)] * 5


def test_progress_is_counted_by_chapter(page: Page) -> None:
    """Chapters have counts, and the headline has the total."""
    assert "1 of 7 exercises passed" in page.text
    assert "01 Basics 1 of 2 passed" in page.text
    assert "08 Mixed precision 0 of 1 passed" in page.text


def test_findings_and_metrics_are_listed(page: Page) -> None:
    """Findings are in the order in which to fix them; every check has its metrics with units."""
    assert page.text.index("3 of 4 values differ.") < page.text.index("2.4x as fast")
    assert "values: 0 of 1 passed" in page.text
    assert "ratio 2.4x" in page.text
    assert "threshold 50x" in page.text
    assert "seconds median 1.0 ms" in page.text
    assert "nox -s grade -- row_sum" in page.text
    assert "why Each x[i] is a separate op." in page.text
    assert "no verdict" in page.text


def test_costs_have_charts_and_tables(page: Page, text: str) -> None:
    """Time, ops and ops by name are charts with descriptions, and tables with the same data."""
    descriptions = re.findall(r"<desc[^>]*>([^<]*)</desc>", text)
    assert (
        "On a logarithmic axis: slicing loop 2.4 ms, yours 1.0 ms, reference 6.0 us."
        in descriptions
    )
    assert "On a logarithmic axis: slicing loop 1,001, yours 501, reference 1." in descriptions
    assert any("select: 250 to 0; sum: 0 to 1" in words for words in descriptions)
    assert "slicing loop 2.4 ms 1,001 -" in page.text
    assert "reference 6.0 us 1 0 B" in page.text
    assert "select 250 0" in page.text


def test_growth_has_a_chart_and_a_table(page: Page, text: str) -> None:
    """A growth budget shows exponents with confidence intervals, and its data as a table."""
    descriptions = re.findall(r"<desc[^>]*>([^<]*)</desc>", text)
    assert (
        "yours: grows like n^1.89 (95%: 1.79 to 1.99), limit n^1.3. "
        "reference: grows like n^1.00 (95%: 0.90 to 1.10), limit n^1.3." in descriptions
    )
    assert "yours n1.89 95%: 1.79 to 1.99" in page.text
    assert f"n=16 {quantities.size(42752)} {quantities.size(8192)}" in page.text


def test_charts_use_the_theme(text: str) -> None:
    """No chart has its own colors, styles or fonts; each has a title and a description."""
    drawn = re.findall(r"<svg role.*?</svg>|<svg [^>]*role=.*?</svg>", text, re.DOTALL)
    assert len(drawn) == 4
    for svg in drawn:
        root = ET.fromstring(svg)
        assert root.get("role") == "img"
        assert [part.tag for part in root][:2] == ["title", "desc"]
        assert not re.search(r"#[0-9a-f]{6}|style=|font-family|rgb", svg)


def test_equal_costs_have_no_chart() -> None:
    """Equal ops are described in a sentence, and equal costs are shown in a table."""
    same = [cost_row(who, {"sum": 1, "add": 2}, ops=3) for who in ("yours", "reference")]
    text = page_of(report(exercise("01_a/01_x", State.PASSED, cost_table=tuple(same))))
    assert 'role="img"' not in text
    assert "Yours makes the same ops as the reference: 1 x sum, 2 x add." in text


def test_unusual_costs_do_not_break_the_page() -> None:
    """Missing, zero and infinite costs are left out or shown as they are."""
    nan = float("nan")
    odd = (
        cost_row("yours", {}, ops=0, extra_bytes=0, seconds_median=nan),
        cost_row("reference", {}, ops=0, extra_bytes=1e12, seconds_median=float("inf")),
    )
    flat = tuple(curve(who, 0.0, 0, 0, 0, of=of) for who in ("yours",) for of in ("ops", "time"))
    checks = (check("speed", "failed", metrics={"ratio": nan, "ops": 2.0}),)
    page = Page(
        page_of(
            report(
                exercise("01_a/01_x", State.FAILED, cost_table=odd, growth=flat, checks=checks),
                exercise("unnumbered/y", State.TODO),
            )
        )
    )
    assert page.faults == []
    assert "yours 0 0 B" in page.text
    assert "reference 0 931.3 GiB" in page.text
    assert Page(page_of(report())).text.endswith("Confinement Confined.")


def test_explanation_precedes_the_findings(page: Page) -> None:
    """The explanation of a known trap is the first item of the list."""
    assert page.text.index("Each x[i] is a separate op.") < page.text.index("3 of 4 values differ.")


def test_at_most_three_findings_are_listed() -> None:
    """The others are counted; the table of checks has all of them."""
    checks = tuple(check("values", "failed", f"Bad {word}.", code=word) for word in "abcde")
    page = Page(page_of(report(exercise("01_a/01_x", State.FAILED, "5 failed.", checks=checks))))

    findings = page.text[page.text.index("To fix") :].partition("Next")[0]
    assert re.findall(r"Bad \w", findings) == ["Bad a", "Bad b", "Bad c"]
    assert "And 2 more of other kinds." in findings
    assert page.text.count("Bad e.") == 1


def test_pass_is_compared_with_the_reference() -> None:
    """The page has both sources and the remarks on them, as the terminal has."""
    both = Comparison(
        yours="def f(x):\n    return x + x", reference="def f(x):\n    return 2 * x",
        quality="Fast", reason=Message("One op."),
    )  # fmt: skip
    costs = (cost_row("yours", {"add": 1}, ops=1), cost_row("reference", {"mul": 1}, ops=1))
    page = Page(
        page_of(report(exercise("01_a/01_x", State.PASSED, cost_table=costs, comparison=both)))
    )

    assert page.faults == []
    assert "Yours def f(x): return x + x Reference def f(x): return 2 * x" in page.text
    assert "Only yours: 1 x add." in page.text
    assert "Why it is fast One op." in page.text


def test_only_logarithmic_axes_are_called_so(text: str) -> None:
    """Costs and large counts have a log scale; small counts of ops have a linear one."""
    scale = '<span class="scale">(log scale)</span>'
    few = (cost_row("yours", {"add": 4}, ops=4), cost_row("reference", {"mul": 1}, ops=1))
    linear = page_of(report(exercise("01_a/01_x", State.PASSED, cost_table=few)))

    assert f"Ops by name {scale}" in text
    assert f"Time {scale}" in text
    assert f"Ops {scale}" in linear
    assert "Ops by name" in linear
    assert f"Ops by name {scale}" not in linear


def test_page_names_the_learner_and_the_date() -> None:
    """Several pages can be told apart; without both there is no empty line."""
    when = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
    named = HtmlReport("unused", localize=english, who="Ada <b>", when=when).page(MIXED)

    assert "Ada <b>, 2026-05-01 09:30" in Page(named).text
    assert 'class="run"' not in page_of(MIXED)


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("Use `x`.", ["x."]),
        ("Twice (`y`): again", ["(y):"]),
        ("got 4.031e-31, expected -5 to +1000", ["4.031e-31", "-5", "+1000"]),
        ("x-1 is n^2 and 12.5", []),
    ],
)
def test_punctuation_and_signs_stay_with_their_text(text: str, whole: list[str]) -> None:
    """Code keeps its brackets and period on its line; a number keeps its sign and exponent."""
    marked = str(templates().from_string("{{ text | prose }}").render(text=text))

    found = re.findall(r'<span class="whole">(.*?)</span>', marked)
    assert [re.sub("<[^>]*>", "", part) for part in found] == whole
    assert re.sub("<[^>]*>", "", marked) == text.replace("`", "")


def test_ops_have_the_names_of_calls() -> None:
    """The histogram names what learners write, not the kernels of ATen."""
    rows = charts.largest_ops({"_local_scalar_dense": 4}, {"_to_copy": 1}, ENGLISH_TRANSLATOR)

    assert rows == [(".item()", 4, 0), (".to()", 0, 1)]


def test_single_rare_op_is_named() -> None:
    """A row for all others would say less than the name of the only one."""
    rows = charts.largest_ops({f"op{n}": 9 - n for n in range(7)}, {}, ENGLISH_TRANSLATOR)

    assert rows[-1] == ("op6", 3, 0)


def test_rare_ops_share_one_row() -> None:
    """A histogram has few rows, and the last one sums up all other ops."""
    yours = {f"op{n}": 100 - n for n in range(20)}
    rows = charts.largest_ops(yours, {"op0": 1}, ENGLISH_TRANSLATOR)
    assert len(rows) == 7
    assert rows[-1] == ("all others", sum(sorted(yours.values())[:14]), 0)


def test_metrics_have_units() -> None:
    """The key decides the unit; metrics that are not finite are left out."""
    metrics = {
        "extra_bytes_allowed": 2048.0,
        "bytes_at_16": 1024.0,
        "time_at_16": 2e6,
        "reference_ratio": 412.0,
        "exponent_low": 1.5,
        "ops": 1001.0,
        "seconds_to_decide": float("inf"),
    }
    assert metric_items(metrics) == [
        ("extra bytes allowed", "2.0 KiB"),
        ("bytes at 16", "1.0 KiB"),
        ("time at 16", "2.0 ms"),
        ("reference ratio", "412x"),
        ("exponent low", "1.50"),
        ("ops", "1,001"),
    ]


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_creates_no_elements(hostile: str) -> None:
    """Text from a submission is escaped and bounded, in the page and its charts."""
    harmless, text = (
        page_of(
            report(
                exercise(
                    "01_a/01_x",
                    State.FAILED,
                    written,
                    checks=(check("values", "failed", written + " ", case=written, why=written),),
                    cost_table=(
                        cost_row("yours", {written: 3}, ops=3),
                        cost_row("reference", {"sum": 1}, ops=1),
                        cost_row(written, {}, ops=9),
                    ),
                    growth=(curve(written, 1.0, 1, 2, 4), curve("yours", 2.0, 1, 4, 16)),
                    output=written,
                    seconds=1,
                )
            )
        )
        for written in ("harmless", hostile)
    )
    text.encode("utf-8")
    page = Page(text)
    assert page.faults == []
    tags = {tag for tag, _attributes in page.elements} - {"code", "wbr"}  # backticks create these
    assert tags <= {tag for tag, _attributes in Page(harmless).elements}
    assert len(page.having("script")) == 1
    assert not [a for _tag, a in page.elements for key in a if key.startswith("on")]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert len(text) < 200_000


def test_markup_is_shown_as_written() -> None:
    """Output and messages are readable on the page, character by character."""
    written = "<script>window.owned = 1</script> & {{ 7 * 7 }}"
    page = Page(page_of(report(exercise("01_a/01_x", State.FAILED, written, output=written))))
    assert page.text.count(written) == 2


def test_long_output_is_truncated() -> None:
    """Long output is cut, and a note shows it."""
    page = Page(page_of(report(exercise("01_a/01_x", State.FAILED, output="line\n" * 9000))))
    assert "".join(page.texts).count("line\n") <= 60
    assert f"Truncated ({quantities.count(45000)} characters)." in page.text


def test_page_fetches_nothing(text: str) -> None:
    """The page has no URLs and no imports, and its policy allows only its own style and script."""
    assert not re.search(r"(https?:|file:|//[a-z]|@import|url\(\s*[^#)]|\bsrc=)", text)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (body,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert " style=" not in text


def test_headings_skip_no_level(page: Page) -> None:
    """There is one first-level heading, and no heading skips a level."""
    levels = [int(tag[1]) for tag, _attributes in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_page_has_landmarks_and_captions(page: Page) -> None:
    """There is one of each landmark, and tables have captions and headers."""
    for tag in ("header", "nav", "main", "footer"):
        assert len(page.having(tag)) == 1
    assert len(page.having("table")) == len(page.having("caption"))
    assert all(th.get("scope") for th in page.having("th"))


def test_rendered_exercises_are_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exercise is rendered again only after it was graded again."""
    drawn: list[str] = []
    costs = charts.costs
    monkeypatch.setattr(
        charts, "costs", lambda *args, **more: drawn.append(more["name"]) or costs(*args, **more)
    )
    writer = HtmlReport("unused", localize=english)
    first = writer.page(MIXED)
    assert len(drawn) == 2
    assert writer.page(MIXED) == first
    assert len(drawn) == 2
    again = exercise("04_operators/03_row_sum", State.PASSED, cost_table=COSTS)
    assert writer.page(report(again)) != first
    assert len(drawn) == 4


def test_failed_write_is_a_usage_error(tmp_path: Path) -> None:
    """The page is written in one step, and a missing folder is a usage error."""
    HtmlReport(tmp_path / "report.html", localize=english).write(MIXED)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(UsageError, match="Name a file in an existing folder"):
        HtmlReport(tmp_path / "missing" / "report.html", localize=english).write(MIXED)


def test_charts_ignore_matplotlib_settings(tmp_path: Path) -> None:
    """A user's matplotlibrc changes nothing; neither pyplot nor torch is imported."""
    (tmp_path / "matplotlibrc").write_text("font.size: 40\ntext.usetex: True\nsvg.fonttype: path\n")
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
        "from test_html_report import MIXED, page_of; text = page_of(MIXED); "
        "assert not {'matplotlib.pyplot', 'torch'} & set(sys.modules); "
        "sys.stdout.buffer.write(text.encode())"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=100)
    assert done.stdout.decode() == page_of(MIXED)


def test_slow_imports_are_lazy() -> None:
    """Matplotlib and Jinja are slow to import, so a run without a page does not import them."""
    code = (
        "import sys, torchkata.cli.grade, torchkata.report, torchkata.report.html; "
        "assert not {'matplotlib', 'jinja2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_command_line_writes_the_page(course: Path) -> None:
    """`grade --html` and `grade --json` report the same results."""
    solved = course / "solutions" / "01_mini" / "01_row_total.py"
    (course / "exercises" / "01_mini" / "01_row_total.py").write_text(solved.read_text())
    torchkata(course, "grade", "--html", "page.html", "--json", "page.json")
    text = (course / "page.html").read_text(encoding="utf-8")
    data = json.loads((course / "page.json").read_text(encoding="utf-8"))
    page = Page(text)
    assert page.faults == []
    stamps = [a["title"] for a in page.having("a") if "title" in a]
    assert stamps == [f"{entry['name']}: {entry['state']}" for entry in data["exercises"]]
    assert f"{data['summary']['passed']} of {len(stamps)} exercises passed" in page.text
    assert "passed" in stamps[0]


def test_interrupted_run_lists_every_exercise(course: Path) -> None:
    """The page names all exercises from the start, and those not reached did not pass."""
    code = (
        "import sys, torchkata.grading.run as run, torchkata.cli.main as cli\n"
        "run._grade_file = lambda *_args: sys.exit(9)\n"
        "cli.main(['grade', '--html', 'page.html'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=course, check=False, timeout=60)
    assert done.returncode == 9
    text = (course / "page.html").read_text(encoding="utf-8")
    assert text.count("Not run: grading ended before it reached this exercise.") == 4
    assert "0 of 4 exercises passed" in text


@pytest.mark.parametrize(
    ("what", "case", "name"),
    [
        ("usual", Message("{case} ({sizes})", {"case": Message("usual"), "sizes": "N=4"}),
         ("usual (N=4)", "")),
        ("any", Message("any"), ("any", "")),
        ("usual, strided", Message("usual"), ("usual, strided", "usual")),
        ("", Message(""), ("values", "")),
    ],
)  # fmt: skip
def test_check_name_does_not_repeat_the_case(
    what: str, case: Message, name: tuple[str, str]
) -> None:
    """A check that is named after its case shows the case only."""
    id_ = f"x::values[{what}]" if what else "x::values"
    result = CheckResult(id=id_, axis="values", verdict=Verdict.PASSED, case=case)

    assert tuple(map(str, check_name(result))) == name


def test_page_parts() -> None:
    """Ids, chapter titles and segments of the bar are computed from names and counts."""
    assert anchor("08_mixed/01_x y") == "08_mixed--01_xy"
    assert chapter_title("08_mixed_precision") == ("08", "Mixed precision")
    assert chapter_title("extra") == ("", "Extra")
    counts = [("passed", "+", "passed", 3), ("failed", "x", "failed", 0), ("todo", "-", "todo", 1)]
    segments = state_bar(counts)
    assert [(each["state"], each["x"], each["width"]) for each in segments] == [
        ("passed", 0.0, 750.0),
        ("todo", 750.0, 250.0),
    ]
