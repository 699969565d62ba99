"""The report as one HTML page: its words and figures, whatever learners write, and no faults."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from helpers import torchkata

from torchkata.errors import UsageError
from torchkata.report.html import HtmlReport, charts, write_html
from torchkata.report.html.metrics import in_words
from torchkata.report.text import count, size
from torchkata.result import (
    CheckResult,
    GrowthCurve,
    ExerciseResult,
    Report,
    CostRow,
    State,
    Verdict,
)

VOID = {"meta", "input", "wbr", "br", "img", "link", "hr"}
APART = {"p", "li", "div", "dt", "dd", "th", "td", "pre", "summary"}
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
    """A page taken apart: its elements in order, its text, and whether the tags fit together."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.faults += [f"{tag} is not closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.words += [" "] * (tag in APART)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.faults.append(f"{tag} closes something else")

    def handle_data(self, data: str) -> None:
        if self._open[-1:] not in (["style"], ["script"]):
            self.words.append(data)

    @property
    def text(self) -> str:
        """All that people read, blanks made one."""
        return " ".join("".join(self.words).split())

    def having(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        """The attributes of each element of a kind; `kind` stands for class."""
        pairs = {key.replace("kind", "class"): value for key, value in wanted.items()}
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and all(attributes.get(key) == value for key, value in pairs.items())
        ]


def check(axis: str, verdict: str, message: str = "", **more: Any) -> CheckResult:
    return CheckResult(
        id=f"x::{axis}[{more.get('case', 'all')}]",
        axis=axis,
        verdict=Verdict(verdict),
        message=message,
        **more,
    )


def exercise(stem: str, state: State, message: str = "", **more: Any) -> ExerciseResult:
    chapter, _, rest = stem.partition("/")
    return ExerciseResult(
        id=stem, name=rest[3:], chapter=chapter, state=state, message=message, **more
    )


def rung(who: str, names: dict[str, int], /, **figures: float) -> CostRow:
    return CostRow(who=who, case="timed (n=500, d=10)", figures=figures, ops_by_name=names)


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
LADDER = (
    rung("yours", {"select": 250, "add_": 250, "zeros": 1}, seconds_median=1e-3, ops=501),
    rung("reference", {"sum": 1}, seconds_median=6e-6, ops=1, extra_bytes=0),
    rung("slicing loop", LOOP, seconds_median=2.4e-3, ops=1001),
)
GROWTH = (
    curve("yours", 1.89, 42752, 151296, 564992),
    curve("reference", 1.0, 8192, 16384, 32768),
)
MIXED = report(
    exercise("01_basics/01_make_tensors", State.PASSED, seconds=0.8, checks=(
        check("values", "passed"), check("ops", "passed", figures={"ops": 1.0}),
    )),
    exercise("01_basics/02_derivative", State.TODO, "Not started."),
    exercise("04_operators/03_row_sum", State.FAILED, "2 checks failed.", seconds=1.2, checks=(
        check("contract", "passed"),
        check("speed", "failed", "2.4 x as fast as the `loop`; at least 50 x is asked for.",
              figures={"ratio": 2.4, "threshold": 50.0, "seconds_median": 1e-3},
              why="Each `x[i]` is an op of its own."),
        check("values", "failed", "3 of 4 values differ.", case="tall (n=500)"),
        check("memory", "unmeasurable", "Not judged."),
    ), ladder=LADDER, output="hello\n"),
    exercise("04_operators/04_crash", State.ERROR, "Your code ended the process.", seconds=0.1),
    exercise("04_operators/05_endless", State.TIMEOUT, "No answer within 10 s.", seconds=10),
    exercise("08_mixed_precision/01_noisy", State.UNMEASURABLE, "The clock is lost.", seconds=3),
    exercise("09_beyond/05_grow", State.FAILED, "1 check failed.", seconds=1, growth=GROWTH),
)  # fmt: skip


def page_of(of: Report) -> str:
    return HtmlReport("unused").page(of)


@pytest.fixture(scope="module")
def text() -> str:
    return page_of(MIXED)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_is_well_formed(page: Page) -> None:
    """Every element is closed where it ought to be, and every id stands once."""
    assert page.faults == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_references_lead_somewhere(page: Page) -> None:
    """What a link, a label or a picture refers to is there."""
    ids = {attributes.get("id") for _, attributes in page.elements}
    for _, attributes in page.elements:
        for key in ("href", "aria-labelledby", "for"):
            named = (attributes.get(key) or "").split()
            assert {name.removeprefix("#") for name in named} <= ids


def test_every_exercise_is_there(page: Page) -> None:
    """Each exercise has an article with name, state and message, and a link from its chapter."""
    stamps = {a["href"]: a["title"] for a in page.having("a") if "title" in a}
    for result in MIXED.exercises:
        anchor = result.id.replace("/", "--")
        (article,) = [a for a in page.having("article") if a["id"] == anchor]
        assert article["aria-labelledby"] == f"{anchor}-h"
        assert stamps[f"#{anchor}"] == f"{result.name}: {result.state}"
        assert result.message in page.text


def test_failing_exercises_are_open(page: Page) -> None:
    """What is to be mended lies open; what passed is folded, what is untouched has no fold."""
    folds = [
        (attributes["class"], "open" in next_attributes)
        for (tag, attributes), (following, next_attributes) in pairwise(page.elements)
        if tag == "article" and following == "details"
    ]
    assert folds == [("exercise passed", False)] + [("exercise mend", True)] * 5


def test_progress_by_chapter(page: Page) -> None:
    """Chapters stand with their counts; the whole stands in the headline."""
    assert "1 of 7 exercises passed" in page.text
    assert "01 Basics 1 of 2 passed" in page.text
    assert "08 Mixed precision 0 of 1 passed" in page.text


def test_findings_checks_and_figures(page: Page) -> None:
    """Failed checks come in the order of mending; every check stands with figures and units."""
    assert page.text.index("3 of 4 values differ.") < page.text.index("2.4 x as fast")
    assert "values: 0 of 1 passed" in page.text
    assert "ratio 2.4 x" in page.text
    assert "threshold 50 x" in page.text
    assert "seconds median 1.0 ms" in page.text
    assert "nox -s grade -- row_sum" in page.text
    assert "why Each x[i] is an op of its own." in page.text
    assert "no verdict" in page.text


def test_costs_are_drawn_and_tabled(page: Page, text: str) -> None:
    """Time, ops and ops by name are pictures with words, and the same figures a table."""
    told = re.findall(r"<desc[^>]*>([^<]*)</desc>", text)
    assert "On a logarithmic axis: slicing loop 2.4 ms, yours 1.0 ms, reference 6.0 us." in told
    assert "On a logarithmic axis: slicing loop 1,001, yours 501, reference 1." in told
    assert any("select: 250 to 0; sum: 0 to 1" in words for words in told)
    assert "slicing loop 2.4 ms 1,001 -" in page.text
    assert "reference 6.0 us 1 0 B" in page.text
    assert "select 250 0" in page.text


def test_growth_is_drawn_and_tabled(page: Page, text: str) -> None:
    """A growth has points, lines, the exponent with its uncertainty, and a table."""
    told = re.findall(r"<desc[^>]*>([^<]*)</desc>", text)
    assert (
        "yours grows like n^1.89 (95%: 1.79 to 1.99); at most n^1.3 is allowed. reference grows "
        "like n^1.00 (95%: 0.90 to 1.10); at most n^1.3 is allowed." in told
    )
    assert "yours n1.89 95%: 1.79 to 1.99" in page.text
    assert f"n=16 {size(42752)} {size(8192)}" in page.text


def test_pictures_follow_the_theme(text: str) -> None:
    """No picture brings a colour, a style or a font of its own; each has a title and words."""
    drawn = re.findall(r"<svg role.*?</svg>|<svg [^>]*role=.*?</svg>", text, re.DOTALL)
    assert len(drawn) == 4
    for svg in drawn:
        root = ET.fromstring(svg)
        assert root.get("role") == "img"
        assert [part.tag for part in root][:2] == ["title", "desc"]
        assert not re.search(r"#[0-9a-f]{6}|style=|font-family|rgb", svg)


def test_equal_costs_need_no_picture() -> None:
    """The same ops, and the same figures, are said in a sentence and shown in a table."""
    same = [rung(who, {"sum": 1, "add": 2}, ops=3) for who in ("yours", "reference")]
    text = page_of(report(exercise("01_a/01_x", State.PASSED, ladder=tuple(same))))
    assert 'role="img"' not in text
    assert "Yours makes the same ops as the reference: 1 x sum, 2 x add." in text


def test_odd_figures_are_survived() -> None:
    """Nothing, zero, endless, missing: the page shows what there is."""
    nan = float("nan")
    odd = (
        rung("yours", {}, ops=0, extra_bytes=0, seconds_median=nan),
        rung("reference", {}, ops=0, extra_bytes=1e12, seconds_median=float("inf")),
    )
    flat = tuple(curve(who, 0.0, 0, 0, 0, of=of) for who in ("yours",) for of in ("ops", "time"))
    checks = (check("speed", "failed", figures={"ratio": nan, "ops": 2.0}),)
    page = Page(
        page_of(
            report(
                exercise("01_a/01_x", State.FAILED, ladder=odd, growth=flat, checks=checks),
                exercise("unnumbered/y", State.TODO),
            )
        )
    )
    assert page.faults == []
    assert "yours 0 0 B" in page.text
    assert "reference 0 931.3 GiB" in page.text
    assert Page(page_of(report())).text.endswith("Confinement Confined.")


def test_long_tails_are_summed_up() -> None:
    """A histogram has a handful of rows; what is left over is one of them."""
    yours = {f"op{n}": 100 - n for n in range(20)}
    rows = charts.ops_by_name(yours, {"op0": 1})
    assert len(rows) == 7
    assert rows[-1] == ("all others", sum(sorted(yours.values())[:14]), 0)


def test_figures_in_words() -> None:
    """A key's form decides the unit."""
    figures = {
        "extra_bytes_allowed": 2048.0,
        "bytes_at_16": 1024.0,
        "time_at_16": 2e6,
        "reference_ratio": 412.0,
        "exponent_low": 1.5,
        "ops": 1001.0,
        "seconds_to_decide": float("inf"),
    }
    assert in_words(figures) == [
        ("extra bytes allowed", "2.0 KiB"),
        ("bytes at 16", "1.0 KiB"),
        ("time at 16", "2.0 ms"),
        ("reference ratio", "412 x"),
        ("exponent low", "1.50"),
        ("ops", "1,001"),
    ]


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_learners_write_stays_text(hostile: str) -> None:
    """Text of a submission makes no element, whole page and pictures, and is bounded."""
    quiet, loud = (
        page_of(
            report(
                exercise(
                    "01_a/01_x",
                    State.FAILED,
                    said,
                    checks=(check("values", "failed", said + " ", case=said, why=said),),
                    ladder=(
                        rung("yours", {said: 3}, ops=3),
                        rung("reference", {"sum": 1}, ops=1),
                        rung(said, {}, ops=9),
                    ),
                    growth=(curve(said, 1.0, 1, 2, 4), curve("yours", 2.0, 1, 4, 16)),
                    output=said,
                    seconds=1,
                )
            )
        )
        for said in ("calm", hostile)
    )
    loud.encode("utf-8")
    page = Page(loud)
    assert page.faults == []
    kinds = {tag for tag, _ in page.elements} - {"code", "wbr"}  # backticks may make these two
    assert kinds <= {tag for tag, _ in Page(quiet).elements}
    assert len(page.having("script")) == 1
    assert not [a for _, a in page.elements for key in a if key.startswith("on")]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", loud)
    assert len(loud) < 200_000


def test_markup_is_shown_as_written() -> None:
    """What was printed can be read on the page, letter by letter."""
    told = "<script>window.owned = 1</script> & {{ 7 * 7 }}"
    page = Page(page_of(report(exercise("01_a/01_x", State.FAILED, told, output=told))))
    assert page.text.count(told) == 2


def test_prints_are_bounded() -> None:
    """Long prints are cut, and the page says so."""
    page = Page(page_of(report(exercise("01_a/01_x", State.FAILED, output="line\n" * 9000))))
    assert "".join(page.words).count("line\n") <= 60
    assert f"Cut here, of {count(45000)} characters." in page.text


def test_nothing_is_fetched(text: str) -> None:
    """The page is whole: no address, no import, and a policy that lets nothing else run."""
    assert not re.search(r"(https?:|file:|//[a-z]|@import|url\(\s*[^#)]|\bsrc=)", text)
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        (body,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert " style=" not in text


def test_headings_in_order(page: Page) -> None:
    """One first heading, and none that skips a level."""
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_landmarks_and_tables(page: Page) -> None:
    """Header, navigation, main part and footer are there once; tables have captions and headers."""
    for tag in ("header", "nav", "main", "footer"):
        assert len(page.having(tag)) == 1
    assert len(page.having("table")) == len(page.having("caption"))
    assert all(th.get("scope") for th in page.having("th"))


def test_what_was_drawn_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exercise is drawn once, and again only after it was judged again."""
    drawn: list[str] = []
    costs = charts.costs
    monkeypatch.setattr(
        charts, "costs", lambda *args, **more: drawn.append(more["name"]) or costs(*args, **more)
    )
    writer = HtmlReport("unused")
    first = writer.page(MIXED)
    assert len(drawn) == 2
    assert writer.page(MIXED) == first
    assert len(drawn) == 2
    again = exercise("04_operators/03_row_sum", State.PASSED, ladder=LADDER)
    assert writer.page(report(again)) != first
    assert len(drawn) == 4


def test_written_in_one_step(tmp_path: Path) -> None:
    """A file that cannot be written is wrong usage, and nothing is left beside it."""
    write_html(MIXED, tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(UsageError, match="name a file in a folder that exists"):
        HtmlReport(tmp_path / "missing" / "report.html").write(MIXED)


def test_drawing_needs_no_state_of_matplotlib(tmp_path: Path) -> None:
    """A reader's own settings change nothing; neither pyplot nor torch is imported."""
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


def test_loaded_only_when_asked_for() -> None:
    """Matplotlib and jinja2 take their time, so a run without a page does without them."""
    code = (
        "import sys, torchkata.cli.grade, torchkata.report, torchkata.report.html; "
        "assert not {'matplotlib', 'jinja2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_command_line(course: Path) -> None:
    """`grade --html` writes the page of the run that JSON tells of."""
    solved = course / "solutions" / "01_mini" / "01_row_total.py"
    (course / "exercises" / "01_mini" / "01_row_total.py").write_text(solved.read_text())
    torchkata(course, "grade", "--html", "page.html", "--json", "page.json")
    text = (course / "page.html").read_text(encoding="utf-8")
    told = json.loads((course / "page.json").read_text(encoding="utf-8"))
    page = Page(text)
    assert page.faults == []
    stamps = [a["title"] for a in page.having("a") if "title" in a]
    assert stamps == [f"{entry['name']}: {entry['state']}" for entry in told["exercises"]]
    assert f"{told['summary']['passed']} of {len(stamps)} exercises passed" in page.text
    assert "passed" in stamps[0]


def test_interrupted_run_says_not_run(course: Path) -> None:
    """From the start the page names every exercise, and what was not reached is no pass."""
    code = (
        "import sys, torchkata.grading.run as run, torchkata.cli.main as cli\n"
        "run._judge = lambda *_: sys.exit(9)\n"
        "cli.main(['grade', '--html', 'page.html'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=course, check=False, timeout=60)
    assert done.returncode == 9
    text = (course / "page.html").read_text(encoding="utf-8")
    assert text.count("Not run: the judging ended before this exercise was reached.") == 4
    assert "0 of 4 exercises passed" in text
