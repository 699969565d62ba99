"""Reports: number formats, terminal output, JSON and JUnit."""

# ruff: noqa: RUF001 - Chinese punctuation

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from torchkata.errors import KataError, UsageError
from torchkata.i18n import ENGLISH_TRANSLATOR, Message, Translator, _, quantities, verbatim
from torchkata.report import TerminalReport, cost_table, write_json, write_junit
from torchkata.report.grouping import group_findings, most_important
from torchkata.report.text import plain, wrapped
from torchkata.result import (
    NOT_JUDGED,
    CheckResult,
    CostRow,
    ExerciseResult,
    Report,
    State,
    Verdict,
)

GOLDEN = Path(__file__).parent / "golden" / "report"


def english(_exercise_id: str) -> Translator:
    return ENGLISH_TRANSLATOR


def check(axis: str, verdict: str, message: str | Message = "", **more: Any) -> CheckResult:
    if isinstance(more.get("case"), str):
        more["case"] = Message(more["case"])
    return CheckResult(
        id=f"x::{axis}[{more.get('case', '')}]",
        axis=axis,
        verdict=Verdict(verdict),
        message=verbatim(message) if isinstance(message, str) else message,
        **more,
    )


def exercise(stem: str, state: State, message: str = "", **more: Any) -> ExerciseResult:
    return ExerciseResult(
        id=f"04_operators/{stem}",
        name=stem[3:],
        chapter="04_operators",
        state=state,
        message=verbatim(message),
        **more,
    )


CASE = _("{case} ({sizes})", case=Message("speed"), sizes="N=1000, D=64")


def cost_row(who: str, **metrics: float) -> CostRow:
    return CostRow(who=who, case=CASE, metrics=metrics)


def report(*results: ExerciseResult) -> Report:
    return Report(version="0.1.0", seed=7, machine={"system": "Linux"}, exercises=results)


COSTS = (
    cost_row("yours", seconds_median=6.2e-6, ops=1, extra_bytes=0),
    cost_row("reference", seconds_median=6.0e-6, ops=1, extra_bytes=0),
    cost_row("slicing loop", seconds_median=2.36e-3, ops=1001, extra_bytes=20480),
)
SLOW_COSTS = (
    cost_row("slicing loop", seconds_median=2.36e-3, ops=1001, extra_bytes=20480),
    cost_row("yours", seconds_median=1.9e-3, ops=501, extra_bytes=4 << 20),
    cost_row("reference", seconds_median=6.0e-6, ops=1, extra_bytes=0),
)
PASSED = exercise("03_row_sum_fast", State.PASSED, seconds=0.8, cost_table=COSTS)
TODO = exercise("01_outer", State.TODO, "Not started.")
FAILED = exercise(
    "04_segment_mean",
    State.FAILED,
    "4 checks failed.",
    seconds=1.24,
    checks=(
        check("contract", "passed"),
        check(
            "ops",
            "failed",
            "501 ops (line 12: 500 x select), limit 12. The reference makes 1.",
            case="large (N=20000, D=16)",
        ),
        check(
            "values",
            "failed",
            "12 of 18 values differ; first at [1, 0]: expected 0, got nan.",
            case="empty (N=4, D=2)",
        ),
        check(
            "values",
            "failed",
            "12 of 18 values differ; first at [1, 0]: expected 0, got nan.",
            case="wide (N=9, D=9)",
        ),
        check(
            "device",
            "failed",
            _(
                "`torch.zeros(10)` creates a tensor on cpu, but x is on {device} (a simulated "
                "GPU). Create it on the same device: `x.new_zeros(10)` or `device=x.device`.",
                device="twin:0",
            ),
            device="twin:0",
            case="empty (N=4, D=2)",
        ),
        check("speed", "unmeasurable", "Not timed: fix the values first."),
    ),
    cost_table=SLOW_COSTS,
    output="labels tensor([0, 1, 1])\n\nhere\n",
)
ERROR = exercise(
    "05_crash",
    State.ERROR,
    "Your code ended the process: it called os._exit(0) in `crash`.",
    seconds=0.3,
    checks=(
        check(
            "contract",
            "failed",
            "Your code ended the process: it called os._exit(0) in `crash`.",
        ),
    ),
)
TIMEOUT = exercise("06_endless", State.TIMEOUT, "No result within 10 s.", seconds=10.04)
UNSURE = exercise(
    "07_noisy",
    State.UNMEASURABLE,
    "Nothing is wrong, but the timing is undecided.",
    seconds=3.1,
    checks=(
        check(
            "speed",
            "unmeasurable",
            "Undecided (machine too busy): measured 5.1x, required 5x. Close other programs and "
            "grade again.",
        ),
    ),
)
MIXED = report(TODO, PASSED, FAILED, ERROR, TIMEOUT, UNSURE)
NOTES = (
    _("Submissions run confined: no files, no network, no other processes."),
    _("Seed {seed}; repeat this run with --seed {seed}.", seed=7),
)


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def printed(
    report: Report,
    *,
    file: io.StringIO | None = None,
    translate: Translator = ENGLISH_TRANSLATOR,
    **options: Any,
) -> str:
    """Return what the terminal shows of a report."""
    file = file or io.StringIO()
    terminal = TerminalReport(lambda _id: translate, file=file, **options)
    terminal.started(len(report.exercises))
    for result in report.exercises:
        terminal.running(result.id)
        terminal.finished(result)
    terminal.closing(report, NOTES)
    return file.getvalue()


def assert_golden(name: str, text: str) -> None:
    """Compare text with a golden file, or write the file if TORCHKATA_UPDATE_GOLDEN is 1."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("TORCHKATA_UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def default_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"),
        (4e-8, "40 ns"),
        (6.2e-6, "6.2 us"),
        (9.96e-6, "10 us"),
        (999.6e-6, "1.0 ms"),
        (1.2e-3, "1.2 ms"),
        (3.4, "3.4 s"),
        (1234, "1,234 s"),
        (float("nan"), "?"),
    ],
)
def test_seconds(value: float, text: str) -> None:
    """A time has the unit that leaves it between 1 and 1,000, also after rounding."""
    assert quantities.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (20480, "20.0 KiB"),
        (1048575, "1.0 MiB"),
        (4 << 20, "4.0 MiB"),
        (float("inf"), "?"),
    ],
)
def test_size(value: float, text: str) -> None:
    """Sizes use powers of 1,024 and one decimal, or whole bytes below a KiB."""
    assert quantities.size(value) == text


def test_counts_and_ratios() -> None:
    """Counts have separators; ratios have as many digits as readers need."""
    assert [quantities.count(n) for n in (1001.0, 1.5)] == ["1,001", "1.5"]
    assert [quantities.count(n) for n in (1e300, 2.5e-7)] == ["1e+300", "2.5e-07"]
    ratios = [412.4, 1.31, 0.021, 0.96, 12345, float("inf")]
    assert [quantities.ratio(r) for r in ratios] == [
        "412x",
        "1.3x",
        "0.021x",
        "1.0x",
        "12,345x",
        "?",
    ]


@given(st.text(st.characters(codec=None), max_size=200))
def test_plain_text_has_no_control_characters(text: str) -> None:
    """No text keeps anything that a terminal would execute or UTF-8 can't encode."""
    safe = plain(text)
    safe.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", safe)
    assert plain(safe) == safe


@given(st.text(st.sampled_from("ab `希\n"), max_size=120), st.integers(20, 60))
def test_wrapping_keeps_every_character(text: str, width: int) -> None:
    """Wrapped text has the same characters, and only single words exceed the width."""
    lines = list(wrapped(text, width, 4, 2))
    assert "".join("".join(lines).split()) == "".join(text.split())
    for place, line in enumerate(lines):
        single = len(re.findall(r"[^\s`]*`[^`\n]{1,60}`\S*|\S+", line)) == 1
        assert single or cell_len(line) + (2 if place else 4) <= width


def test_tabs_and_line_ends_are_normalized() -> None:
    """Tabs become spaces up to a multiple of four, and every kind of line end a newline."""
    assert plain("a\tb\r\nc\rd") == "a   b\nc\nd"


def test_mixed_report_at_80_columns() -> None:
    """The output equals the golden file, and no line is wider than the terminal."""
    text = printed(MIXED)
    assert_golden("mixed_80", text)
    assert max(map(cell_len, text.splitlines())) <= 80


def test_mixed_report_at_40_columns() -> None:
    """The output equals the golden file; only paths, commands and counts are wider."""
    text = printed(MIXED, width=40)
    assert_golden("mixed_40", text)
    wide = [line for line in text.splitlines() if cell_len(line) > 40]
    assert all(re.search("^[✓✗·!?] |exercises", line) for line in wide)


ZH_FAILED = exercise(
    "04_segment_mean",
    State.FAILED,
    "3 项检查未通过。",
    seconds=1.24,
    checks=(
        check(
            "ops",
            "failed",
            "要求至多 12 个，实际用了 501 个算子（第 12 行：500 次 select、1 次 zeros）。"
            "参考解用了 1 个算子：1 次 sum。",
            case=_("{case} ({sizes})", case=Message("large"), sizes="N=20000, D=16"),
        ),
        *(
            check(
                "values",
                "failed",
                "`segment_mean` 的 18 个值中有 12 个不对。第一个位于 [1, 0]：应为 0，得到 nan。",
                case=_("{case} ({sizes})", case=Message(case), sizes="N=4, D=2"),
            )
            for case in ("empty", "wide")
        ),
        check("speed", "unmeasurable", "未计时：请先改正数值。"),
    ),
    cost_table=SLOW_COSTS,
    output="标签 tensor([0, 1, 1])\n",
)
ZH_MIXED = report(exercise("01_outer", State.TODO, "还没有开始。"), PASSED, ZH_FAILED)


@pytest.mark.parametrize("width", [80, 40])
def test_chinese_report(width: int) -> None:
    """Columns align with wide characters, lines fit, and none starts with closing punctuation."""
    text = printed(ZH_MIXED, width=width, translate=Translator("zh-CN"))
    assert_golden(f"zh-CN_{width}", text)
    lines = text.splitlines()
    for line in lines:
        assert cell_len(line) <= width or "`nox" in line or "exercises/" in line
        assert line.lstrip()[:1] not in {*"，。；：？！、）”"}


@given(
    st.text(st.sampled_from("希望，。（）“”：a1 `"), max_size=120).map(lambda text: text.strip()),
    st.integers(20, 60),
)
def test_wrapping_wide_text_keeps_every_character(text: str, width: int) -> None:
    """Chinese lines may end after any character; only spaces at their ends are lost."""
    lines = list(wrapped(text, width, 2, 4))

    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= width - 2 or len(line) > 1 for line in lines)


def test_wide_punctuation_stays_with_its_text() -> None:
    """No line starts with a closing mark or ends with an opening one; code is not broken."""
    text = "请编辑（文件）“练习”，然后运行 `nox -s grade -- halve`。" * 8
    for width in range(30, 70):
        lines = list(wrapped(text, width, 0, 0))
        assert not any(line[0] in "，。）”" or line[-1] in "（“" for line in lines)
        assert "".join(lines).count("`nox -s grade -- halve`。") == 8


def test_verbose_report_shows_costs_of_a_pass() -> None:
    """With `verbose`, a passed exercise shows its cost table."""
    assert_golden("verbose_80", printed(report(PASSED), verbose=True))


def test_ascii_stream_gets_ascii() -> None:
    """A stream that encodes only ASCII gets ASCII symbols and bars, and no error."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    hostile = dataclasses.replace(FAILED, output="naïve 希望 \ud800\n", message=verbatim("größer"))
    terminal = TerminalReport(english, file=file)
    for result in (TODO, PASSED, hostile):
        terminal.finished(result)
    terminal.closing(MIXED, NOTES)
    text = raw.getvalue().decode("ascii")
    assert_golden("ascii_80", text.replace(os.linesep, "\n"))
    assert "na\\xefve" in text


def test_color_is_for_terminals_or_on_request() -> None:
    """Colors appear on terminals and with `color=True`; without them the text is the same."""
    assert "\x1b[32m✓ passed" in printed(MIXED, color=True)
    assert "\x1b[32m✓ passed" in printed(MIXED, file=Terminal(), width=80)
    assert "\x1b[" not in printed(MIXED)
    assert "\x1b[1m  VALUES     \x1b[0m12 of 18" in printed(MIXED, color=True)
    assert re.search(
        r"^(\x1b\[1m)? +(\x1b\[0m)?cases, the", printed(MIXED, color=True), re.MULTILINE
    )
    uncolored = re.sub(r"\x1b\[\d+(;\d+)*m", "", printed(MIXED, color=True))
    assert uncolored == printed(MIXED)


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR, a terminal gets the status line, but no colors or bold text."""
    monkeypatch.setenv("NO_COLOR", "1")
    text = printed(MIXED, file=Terminal(), width=80)
    assert "\x1b[" in text
    assert not re.search(r"\x1b\[[0-9;]*m", text)
    assert "\x1b[32m" in printed(MIXED, color=True)


def test_status_line_is_erased() -> None:
    """A terminal shows the running exercise and erases it before the next line; a file does not."""
    text = printed(MIXED, file=Terminal(), width=80, color=False)
    assert text.count("1/6  04_operators/01_outer ...") == 1
    statuses = re.findall(r"\d/6  \S+ \.\.\. *\r\x1b\[2K\r", text)
    assert len(statuses) == 6
    assert "1/6" not in printed(MIXED)


def test_dumb_terminal_is_treated_as_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal without escape sequences gets the same output as a file."""
    monkeypatch.setenv("TERM", "dumb")
    assert printed(MIXED, file=Terminal()) == printed(MIXED)


HOSTILE = [
    "\x1b[2J\x1b[31mred\x1b[0m",
    "\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]0;title",
    "\x9b31m",
    "a\x00b\x07\x08\x7f",
    "\ud800 lone",
    "\u202eright to left\u202c \u2066x\u2069 שלום",
    "over\rwritten",
    "希" * 300,
    "w" * 1_000_000,
    "e" + "\u0301" * 100_000,
    "\n" * 5000 + "x",
    "[red]x[/red] [/] [link=https://example.org]y[/link] :smile: [bold",
    "✓ passed        1.2 s  04_operators/04_segment_mean",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("width", [40, 80])
def test_hostile_output_stays_behind_its_bar(text: str, width: int) -> None:
    """The learner's output is bounded, and each line is behind a bar and within the width."""
    result = exercise("01_outer", State.FAILED, output=text)
    file = io.StringIO()
    TerminalReport(english, file=file, width=width).finished(result)
    lines = file.getvalue().encode("utf-8").decode("utf-8").split("\n")
    start = lines.index("  Your output")
    end = next(i for i, line in enumerate(lines) if line.startswith("  Next:"))
    block = [line for line in lines[start + 1 : end] if line]
    assert 1 <= len(block) <= 21
    assert all(line.startswith(("  |", "  truncated (")) for line in block)
    assert all(cell_len(line) <= width for line in block)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "".join(lines))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_messages_stay_indented(text: str) -> None:
    """A message with hostile text is indented, bounded, and free of control characters."""
    bad = check("values", "failed", f"It raised Oops: {text}")
    result = exercise("01_outer", State.FAILED, text, checks=(bad,))
    file = io.StringIO()
    TerminalReport(english, file=file).finished(result)
    out = file.getvalue()
    out.encode("utf-8")
    assert len(out) < 30_000
    assert all(line.startswith("  ") for line in out.splitlines()[1:] if line)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out)


def test_markup_is_printed_literally() -> None:
    """Text that looks like rich markup is printed unchanged, also in color."""
    text = "[red]x[/red] [/] [link=https://example.org]y[/link] :smile: [bold"
    result = exercise("01_outer", State.FAILED, text, output=text)
    assert printed(report(result), color=True).count(text) == 2


def test_equal_findings_are_merged() -> None:
    """Equal findings share one entry with the axes, the number of cases and the smallest case."""
    checks = (
        check("gradient", "failed", "It raised E.", case="big"),
        check("values", "failed", "It raised E.", case="small"),
        check("values", "failed", "It raised E.", case="big", device="twin:0"),
    )
    text = " ".join(printed(report(exercise("01_outer", State.FAILED, checks=checks))).split())
    assert (
        "VALUES It raised E. In 2 cases, the smallest: small. On cpu and twin:0. "
        "The same for gradient." in text
    )
    assert text.count("It raised E") == 1


def finding(template: str, case: str, /, **values: object) -> CheckResult:
    return check("values", "failed", _(template, **values), case=case)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("checks", "messages"),
    [
        ((finding("Bad.", "a"),), ["Bad. Case: a."]),
        ((finding("Bad {n}.", "a", n=1), finding("Bad {n}.", "b", n=2)),
         ["Bad 1. In 2 cases, the smallest: a."]),
        ((finding("Bad {n}.", "a", n="rows"), finding("Bad {n}.", "b", n="columns")),
         ["Bad rows. Case: a.", "Bad columns. Case: b."]),
        ((finding("Bad in {case}.", "a", case=Message("a")),), ["Bad in a."]),
        ((finding("Bad in {case}.", "a", case=Message("a")),
          finding("Bad in {case}.", "b", case=Message("b"))),
         ["Bad in a. The same in 1 more case."]),
        ((check("values", "failed", _("On {device}.", device="twin:0"), device="twin:0"),),
         ["On twin:0."]),
        ((check("values", "failed", _("Bad."), code="x"),
          check("values", "failed", _("Bad."), code="y")), ["Bad.", "Bad."]),
    ],
)  # fmt: skip
def test_findings_are_compared_by_fields(
    checks: tuple[CheckResult, ...], messages: list[str]
) -> None:
    """Code, template and words decide, but no numbers and no case."""
    assert [str(finding.message) for finding in group_findings(checks)] == messages


def at(name: str, sizes: str) -> Message:
    """Return the label of a case with sizes."""
    return _("{case} ({sizes})", case=Message(name), sizes=sizes)


def wrong(label: str, case: Message, *, axis: str = "values", n: int = 2, **more: Any) -> Any:
    """Return a check whose result has wrong values."""
    message = _("{n} values of {label} are wrong.", n=n, label=verbatim(label))
    more = {"code": "wrong-values", "metrics": {"wrong_share": 0.5}, **more}
    return check(axis, "failed", message, case=case, **more)


def test_repeats_of_a_finding_are_merged() -> None:
    """Other cases, dtypes, devices and patterns of the same wrong result are one finding."""
    checks = (
        wrong("f", at("square", "n=4, m=4"), n=16),
        wrong("f", at("large", "n=9, m=17"), n=153, axis="dtype"),
        wrong("f", at("tall", "n=5, m=2"), n=10, code="transposed"),
        wrong("f", at("large", "n=9, m=17"), n=153, axis="device", device="twin:0"),
        wrong("g", at("tall", "n=5, m=2")),
    )

    assert [str(finding.message) for finding in group_findings(checks)] == [
        (
            "10 values of f are wrong. In 3 cases, the smallest: tall (n=5, m=2). "
            "On cpu and twin:0. The same for dtype, device."
        ),
        "2 values of g are wrong. Case: tall (n=5, m=2).",
    ]


@pytest.mark.parametrize(
    ("cases", "shown"),
    [
        (["n=1, m=1", "n=4, m=4", "n=2, m=3"], "In 3 cases, for example: c (n=2, m=3)."),
        (["n=9, m=7", "n=2, m=3"], "In 2 cases, the smallest: c (n=2, m=3)."),
        (["n=0, m=3", "n=1, m=5"], "In 2 cases, the smallest: c (n=0, m=3)."),
        (["n=2, m=3, dim=-1", "n=4, m=9"], "In 2 cases, the smallest: c (n=2, m=3, dim=-1)."),
    ],
)  # fmt: skip
def test_finding_is_shown_by_a_telling_case(cases: list[str], shown: str) -> None:
    """The smallest case in which no two sizes are equal or one tells dimensions apart."""
    (finding,) = group_findings([wrong("f", at("c", sizes)) for sizes in cases])

    assert str(finding.message).endswith(shown)


def test_errors_are_merged_wherever_they_are_raised() -> None:
    """The same exception in the gradient or on a device is no finding of its own."""

    def raised(axis: str, template: str, text: str) -> CheckResult:
        error = _(
            "It raised {kind}{where}{text}", kind="RuntimeError", where=" (line 3)", text=text
        )
        return check(axis, "failed", _(template, error=error), code="raised")

    checks = (
        raised("values", "{error}.", ": sizes (4) and (5)"),
        raised("gradient", "In the gradient: {error}.", ": sizes (9) and (17)"),
        raised("values", "{error}.", ": something else"),
    )

    assert [str(finding.message) for finding in group_findings(checks)] == [
        "It raised RuntimeError (line 3): sizes (4) and (5). The same for gradient.",
        "It raised RuntimeError (line 3): something else.",
    ]


@pytest.mark.parametrize(
    ("labels", "codes", "rest"),
    [
        ("abc", "xxx", ""),
        ("abcd", "xxxx", "And 1 more of the same kind."),
        ("abcde", "xyxyx", "And 2 more of the same kind."),
        ("abcd", "xxxy", "And 1 more of another kind."),
        ("abcde", "xxxyz", "And 2 more of other kinds."),
        ("abcde", "xxxxz", "And 2 more, 1 of them of another kind."),
        ("abcdef", "xxxxyz", "And 3 more, 2 of them of other kinds."),
    ],
)
def test_at_most_three_findings_are_shown(labels: str, codes: str, rest: str) -> None:
    """The others are counted in one sentence, which says whether they are of another kind."""
    checks = [
        wrong(label, Message(""), code=code, metrics={})
        for label, code in zip(labels, codes, strict=True)
    ]

    shown, sentence = most_important(group_findings(checks))

    assert [finding.kind for finding in shown] == list(codes[:3])
    assert str(sentence) == rest


def test_explained_finding_is_always_shown() -> None:
    """Of many findings, the one that an explanation is about is among those shown."""
    checks = [wrong(label, Message("")) for label in "abcd"]
    checks.append(check("ops", "failed", "1,001 ops.", code="ops", why=Message("A loop.")))

    shown, rest = most_important(group_findings(checks))

    assert [finding.axis for finding in shown] == ["values", "values", "ops"]
    assert str(rest) == "And 2 more of the same kind."


def test_verbose_lists_every_check() -> None:
    """All findings are shown, and each check has one line, passed ones too."""
    checks = [wrong(label, at(label, "n=2")) for label in "abcd"]
    checks += [
        check("ops", "passed"),
        check("speed", "unmeasurable", "Not timed.", code="not-timed"),
    ]
    failed = report(
        exercise("03_row_sum_fast", State.FAILED, "4 checks failed.", checks=tuple(checks))
    )

    short, long = (printed(failed, verbose=verbose) for verbose in (False, True))

    assert "And 1 more of the same kind. `--verbose` shows every check." in short
    assert "values of d" not in short
    assert "Not judged yet: speed." in short
    assert "values of d" in long
    assert "  Checks\n  ✗ values     a (n=2)\n" in long
    assert "  ✓ ops\n  ? speed\n" in long
    assert "And 1 more" not in long


def test_no_verdict_is_said_once() -> None:
    """A check that could not be judged says so itself; an undecided one has a label."""
    checks = (
        check("device", "unmeasurable", "Not judged on twin:0.", code=NOT_JUDGED),
        check("speed", "unmeasurable", "Too busy.", code="race-busy"),
    )
    text = printed(report(exercise("03_x", State.UNMEASURABLE, checks=checks)))

    assert "  device     Not judged on twin:0.\n" in text
    assert "  speed      No verdict. Too busy.\n" in text


def test_single_finding_is_no_first_one() -> None:
    """Only with several findings there is one to start with, however many checks failed."""
    same = tuple(wrong("f", at("c", f"n={n}")) for n in (2, 3))
    other = (*same, wrong("g", at("c", "n=2")))
    texts = [
        printed(report(exercise("03_x", State.FAILED, "2 checks failed.", checks=checks)))
        for checks in (same, other)
    ]

    assert ["Start with the first one." in text for text in texts] == [False, True]


def test_inputs_are_shown() -> None:
    """The inputs of the failing case follow the case."""
    bad = wrong("f", at("c", "n=2"), inputs=verbatim("`x = tensor([0.3, -1.2])`"))
    text = printed(report(exercise("03_x", State.FAILED, "1 check failed.", checks=(bad,))))

    assert "Case: c (n=2). With `x = tensor([0.3, -1.2])`." in " ".join(text.split())


WARNING = (
    "submission:03_x.py:5: UserWarning: hello there\n"
    '  warnings.warn("hello there")\n'
    "/opt/lib/torch/nested/__init__.py:254: UserWarning: The API is in prototype stage. "
    "(Triggered internally at /__w/pytorch/aten/src/NestedTensorImpl.cpp:177.)\n"
    "  return _nested.nested_tensor(\n"
    "mine\n"
    "  indented\n"
    "submission:03_x.py:5: UserWarning: hello there\n"
    "W0712 12:34:56.789000 1234 torch/_dynamo/convert_frame.py:906] [0/8] it hit a limit\n"
    "[W712 12:00:00.123 file.cpp:123] Warning: An output (function f)\n"
)


def test_warnings_are_apart_from_output() -> None:
    """Warnings have their own heading, without paths of the machine and source lines."""
    text = printed(report(exercise("03_x", State.FAILED, output=WARNING)))

    assert (
        "  Warnings\n"
        "  | line 5: UserWarning: hello there (2 times)\n"
        "  | UserWarning: The API is in prototype stage.\n"
        "  | it hit a limit\n"
        "  | An output\n\n"
        "  Your output\n  | mine\n  |   indented\n\n"
    ) in text


def test_long_warnings_are_cut_between_words() -> None:
    """No word is cut, neither at the end of a warning nor at the end of a line."""
    words = " ".join(f"word{n:03}" for n in range(200))
    text = printed(report(exercise("03_x", State.FAILED, output=f"a.py:1: UserWarning: {words}")))

    assert "UserWarning: word000" in text
    assert " …" in text
    assert set(re.findall(r"\bword\w*", text)) < set(words.split())


def test_untouched_exercises_are_only_counted() -> None:
    """If no exercise is named, those that are not started have no line, but are counted."""
    file = io.StringIO()
    terminal = TerminalReport(english, file=file)
    terminal.started(2, list_untouched=False)
    for result in (TODO, PASSED):
        terminal.finished(result)
    terminal.closing(report(TODO, PASSED), ())

    assert TODO.id not in file.getvalue()
    assert PASSED.id in file.getvalue()
    assert file.getvalue().endswith("2 exercises: 1 passed, 1 todo\n")


def test_state_message_is_not_repeated() -> None:
    """A check with the same message as the exercise is left out."""
    assert printed(report(ERROR)).count("ended the process") == 1


@pytest.mark.parametrize(
    ("results", "wanted", "unwanted"),
    [
        ((TODO, TODO), "Begin with exercises/04_operators/01_outer.py", "Well done"),
        ((PASSED, PASSED), "Everything selected passed.", "Begin with"),
        ((PASSED, TODO), "2 exercises: 1 passed, 1 todo", "Begin with"),
        ((dataclasses.replace(TODO, seconds=1),), "Not started.", "Begin with"),
        ((), "0 exercises: none selected", "passed"),
    ],
)
def test_closing_remark(results: tuple[ExerciseResult, ...], wanted: str, unwanted: str) -> None:
    """Beginners learn where to start; those who passed everything are praised."""
    text = " ".join(printed(report(*results)).split())
    assert wanted in text
    assert unwanted not in text


def test_last_line_counts_states() -> None:
    """The last line counts only the states that occur."""
    last = printed(report(TODO, PASSED, TODO)).splitlines()[-1]
    assert last == "3 exercises: 1 passed, 2 todo"


def test_advice_names_the_graded_folder() -> None:
    """Paths in the advice start with the folder that was graded."""
    assert "edit other/04_operators/06" in printed(report(TIMEOUT), folder="other")


def drawn(rows: list[CostRow]) -> list[str]:
    return cost_table.draw_table(rows, ENGLISH_TRANSLATOR, width=78, bar="#")


def test_bars_of_costs_are_logarithmic() -> None:
    """Equal ratios give equal differences in length; a few percent give none."""
    rows = [cost_row("loop", seconds_median=1), cost_row("half", seconds_median=0.01)]
    rows += [cost_row("yours", seconds_median=1e-4), cost_row("reference", seconds_median=0.99e-4)]
    lengths = [line.count("#") for line in drawn(rows)[2:]]
    assert lengths[0] - lengths[1] == pytest.approx(lengths[1] - lengths[2], abs=1)
    assert lengths[0] == 24
    near = [cost_row("loop", seconds_median=1.05), cost_row("yours", seconds_median=1)]
    assert [line.count("#") for line in drawn(near)[2:]] == [1, 1]
    assert lengths[2] == lengths[3] == 1


def test_missing_costs_are_dashes() -> None:
    """Missing and infinite costs are shown as a dash, and a single row is no table."""
    odd = [cost_row("loop", ops=float("inf"), seconds_median=2), cost_row("yours", ops=3)]
    assert drawn(odd)[2:] == [
        "loop      2.0 s    -",
        "yours         -    3",
    ]
    assert drawn(odd[:1]) == []
    assert drawn([cost_row("a"), cost_row("b")]) == []
    assert str(cost_table.summary(odd)) == "3 ops"
    assert not cost_table.summary(odd[:1])


KEYS = {
    "id",
    "name",
    "chapter",
    "state",
    "message",
    "seconds",
    "checks",
    "output",
    "ladder",
    "growth",
    "comparison",
}
CHECK_KEYS = {
    "line",
    "why",
    "trap",
    "id",
    "axis",
    "case",
    "device",
    "verdict",
    "code",
    "message",
    "inputs",
    "values",
    "figures",
}


def test_json_follows_schema_1(tmp_path: Path) -> None:
    """The file has the keys of schema 1 and the values of the report."""
    path = tmp_path / "report.json"
    write_json(MIXED, path, english)
    data = json.loads(path.read_text(encoding="utf-8"))
    assert list(data) == ["schema", "torchkata", "seed", "machine", "summary", "exercises"]
    assert (data["schema"], data["seed"]) == (1, 7)
    assert sum(data["summary"].values()) == len(data["exercises"]) == 6
    assert all(set(entry) == KEYS for entry in data["exercises"])
    assert all(set(c) == CHECK_KEYS for entry in data["exercises"] for c in entry["checks"])
    assert data["exercises"][2]["checks"][1]["message"] == str(FAILED.checks[1].message_with_case)
    assert data == json.loads(json.dumps(MIXED.as_json()))


def test_json_of_unusual_values(tmp_path: Path) -> None:
    """Infinite metrics become null; lone surrogates and control characters are preserved."""
    text = 'quote " back\\ \ud800\udc80\ud800 \x00 希 \u2028'
    odd = check("speed", "failed", metrics={"ratio": float("inf"), "n": float("nan"), "ops": 3.0})
    path = tmp_path / "report.json"
    result = exercise("01_outer", State.FAILED, text, checks=(odd,), output=text)
    write_json(report(result), path, english)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    data = json.loads(path.read_bytes(), parse_constant=refuse)
    entry = data["exercises"][0]
    assert entry["output"].encode("utf-16", "surrogatepass") == text.encode(
        "utf-16", "surrogatepass"
    )
    assert entry["checks"][0]["figures"] == {"ratio": None, "n": None, "ops": 3.0}


@pytest.mark.parametrize("write", [write_json, write_junit])
def test_failed_write_keeps_the_old_file(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed write changes neither the old file nor its folder."""
    path = tmp_path / "report"
    write(report(TODO), path, english)
    before = path.read_bytes()

    def fail(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KataError, match="the disk is full"):
        write(MIXED, path, english)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    write(MIXED, path, english)
    assert path.read_bytes() != before


@pytest.mark.parametrize("write", [write_json, write_junit])
def test_missing_folder_is_a_usage_error(write: Any, tmp_path: Path) -> None:
    """The error names the path, the reason and what to do."""
    path = tmp_path / "missing" / "report"
    with pytest.raises(UsageError) as caught:
        write(MIXED, path, english)
    assert str(caught.value) == (
        f"Cannot write {path}: no such file or directory. Name a file in an existing folder."
    )
    with pytest.raises(UsageError, match="is a directory"):
        write(MIXED, tmp_path, english)
    assert list(tmp_path.parent.glob(".*tmp")) == []


def test_links_and_pipes_are_not_replaced(tmp_path: Path) -> None:
    """A symbolic link keeps its target, and a device or pipe is written to directly."""
    link, real = tmp_path / "link", tmp_path / "real"
    real.write_text("old")
    link.symlink_to(real)
    write_json(MIXED, link, english)
    assert link.is_symlink()
    assert real.read_text().startswith("{")
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader:
        write_json(report(), f"/dev/fd/{write}", english)
        os.close(write)
        assert json.loads(reader.read())["exercises"] == []


def test_junit_counts_match_its_elements(tmp_path: Path) -> None:
    """Every check is a test case, and the counts equal the numbers of elements."""
    path = tmp_path / "junit.xml"
    write_junit(MIXED, path, english)
    root = ET.parse(path).getroot()
    suites = {suite.get("name", "")[13:]: suite for suite in root}
    keys = ("tests", "failures", "errors", "skipped")
    counts = {
        name: tuple(int(suite.get(key, "")) for key in keys) for name, suite in suites.items()
    }
    assert counts == {
        "01_outer": (1, 0, 0, 1),
        "03_row_sum_fast": (1, 0, 0, 0),
        "04_segment_mean": (6, 4, 0, 1),
        "05_crash": (2, 1, 1, 0),
        "06_endless": (1, 0, 1, 0),
        "07_noisy": (1, 0, 0, 1),
    }
    assert tuple(int(root.get(key, "")) for key in keys) == (12, 5, 2, 3)
    assert [len(list(root.iter(tag))) for tag in ("testcase", "failure", "error", "skipped")] == [
        12,
        5,
        2,
        3,
    ]
    first = suites["04_segment_mean"].find("testcase/failure")
    assert first is not None
    message = str(FAILED.checks[1].message_with_case)
    assert (first.get("type"), first.get("message")) == ("ops", message)
    case = suites["04_segment_mean"].find("testcase")
    assert case is not None
    assert (case.get("classname"), case.get("name")) == (FAILED.id, FAILED.checks[0].id)
    assert suites["04_segment_mean"].findtext("system-out") == FAILED.output


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_junit_of_hostile_text(text: str, tmp_path: Path) -> None:
    """The file is well-formed XML and lacks only the characters that XML can't hold."""
    path = tmp_path / "junit.xml"
    output = text + " <&]]> kept\x00\ud800\ufffe"
    write_junit(report(exercise("01_outer", State.FAILED, text, output=output)), path, english)
    root = ET.parse(path).getroot()
    assert (root.findtext("testsuite/system-out") or "").endswith(" <&]]> kept")
    assert root.get("failures") == "1"


def test_why_is_printed_above_the_findings(tmp_path: Path) -> None:
    """The explanation of a known trap precedes the failed checks, and is in JSON and JUnit."""
    why = _("Line {line} is a loop.", line=8)
    slow = check("ops", "failed", "1,001 ops.", why=why, trap="python loop")
    failed = report(exercise("03_row_sum_fast", State.FAILED, "1 check failed.", checks=(slow,)))
    file = tmp_path / "junit.xml"
    write_junit(failed, file, english)

    text = printed(failed, color=False)

    assert "  WHY        Line 8 is a loop.\n  OPS        1,001 ops.\n" in text
    assert failed.as_json()["exercises"][0]["checks"][0]["trap"] == "python loop"
    assert 'message="Line 8 is a loop. 1,001 ops."' in file.read_text()
    assert "WHY" not in printed(report(exercise("03_row_sum_fast", State.FAILED)), color=False)


def test_messages_use_the_language_of_their_exercise(tmp_path: Path) -> None:
    """Every report renders a message with the translator of its exercise."""
    course = {"Wrong in {case}.": "Falsch in {case}.", "small": "klein"}
    german = Translator("de", course)

    def localize(exercise_id: str) -> Translator:
        return german if exercise_id.endswith("02_german") else ENGLISH_TRANSLATOR

    message = _("Wrong in {case}.", case=Message("small"))
    bad = check("values", "failed", message, case="small")
    results = [exercise(stem, State.FAILED, checks=(bad,)) for stem in ("01_x", "02_german")]
    write_json(report(*results), tmp_path / "r.json", localize)
    write_junit(report(*results), tmp_path / "r.xml", localize)
    file = io.StringIO()
    terminal = TerminalReport(localize, file=file)
    for result in results:
        terminal.finished(result)

    for text in (
        (tmp_path / "r.json").read_text(),
        (tmp_path / "r.xml").read_text(),
        file.getvalue(),
    ):
        assert text.index("Wrong in small.") < text.index("Falsch in klein.")
