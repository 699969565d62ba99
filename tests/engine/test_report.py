"""The report: units, the terminal's text, JSON and JUnit."""

# ruff: noqa: RUF001 - Chinese has punctuation of its own

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

from torchkata.errors import UsageError
from torchkata.i18n.messages import choose
from torchkata.report import TerminalReport, cost_table, write_json, write_junit
from torchkata.report import text as units
from torchkata.result import CheckResult, ExerciseResult, Report, CostRow, State, Verdict

GOLDEN = Path(__file__).parent / "golden" / "report"


def check(axis: str, verdict: str, message: str = "", **more: Any) -> CheckResult:
    return CheckResult(
        id=f"x::{axis}[{more.get('case', '')}]",
        axis=axis,
        verdict=Verdict(verdict),
        message=message,
        **more,
    )


def exercise(stem: str, state: State, message: str = "", **more: Any) -> ExerciseResult:
    return ExerciseResult(
        id=f"04_operators/{stem}",
        name=stem[3:],
        chapter="04_operators",
        state=state,
        message=message,
        **more,
    )


def rung(who: str, **figures: float) -> CostRow:
    return CostRow(who=who, case="speed (N=1000, D=64)", figures=figures)


def report(*results: ExerciseResult) -> Report:
    return Report(version="0.1.0", seed=7, machine={"system": "Linux"}, exercises=results)


LADDER = (
    rung("yours", seconds_median=6.2e-6, ops=1, extra_bytes=0),
    rung("reference", seconds_median=6.0e-6, ops=1, extra_bytes=0),
    rung("slicing loop", seconds_median=2.36e-3, ops=1001, extra_bytes=20480),
)
SLOW = (
    rung("slicing loop", seconds_median=2.36e-3, ops=1001, extra_bytes=20480),
    rung("yours", seconds_median=1.9e-3, ops=501, extra_bytes=4 << 20),
    rung("reference", seconds_median=6.0e-6, ops=1, extra_bytes=0),
)
PASSED = exercise("03_row_sum_fast", State.PASSED, seconds=0.8, ladder=LADDER)
TODO = exercise("01_outer", State.TODO, "Not started.")
FAILED = exercise(
    "04_segment_mean",
    State.FAILED,
    "4 checks failed; mend the first one first.",
    seconds=1.24,
    checks=(
        check("contract", "passed"),
        check(
            "ops",
            "failed",
            "It makes 501 tensor operations (line 12: 500 x select); at most 12 are allowed. The "
            "reference makes 1. Case: large (N=20000, D=16).",
        ),
        check(
            "values",
            "failed",
            "12 of 18 values differ; first at [1, 0]: got nan, expected 0. Case: empty (N=4, D=2).",
            case="empty (N=4, D=2)",
        ),
        check(
            "values",
            "failed",
            "12 of 18 values differ; first at [1, 0]: got nan, expected 0. Case: wide (N=9, D=9).",
            case="wide (N=9, D=9)",
        ),
        check(
            "device",
            "failed",
            "`torch.zeros(10)` made a CPU tensor, but x lives on twin:0 (a stand-in for a GPU). "
            "Create it where x is: `x.new_zeros(10)` or `device=x.device`.",
            device="twin:0",
            case="empty (N=4, D=2)",
        ),
        check("speed", "unmeasurable", "Not timed: get the values right first."),
    ),
    cost_table=SLOW,
    output="labels tensor([0, 1, 1])\n\nhere\n",
)
ERROR = exercise(
    "05_crash",
    State.ERROR,
    "The worker ended by itself: your code called os._exit(0) while `crash` ran.",
    seconds=0.3,
    checks=(
        check(
            "contract",
            "failed",
            "The worker ended by itself: your code called os._exit(0) while `crash` ran.",
        ),
    ),
)
TIMEOUT = exercise("06_endless", State.TIMEOUT, "No answer within 10 s.", seconds=10.04)
UNSURE = exercise(
    "07_noisy",
    State.UNMEASURABLE,
    "Nothing is wrong, but the clock could not decide now.",
    seconds=3.1,
    checks=(
        check(
            "speed",
            "unmeasurable",
            "The clock cannot decide now (cap reached): 5.1 x measured, 5 x asked for. Close other "
            "programs and grade again.",
        ),
    ),
)
MIXED = report(TODO, PASSED, FAILED, ERROR, TIMEOUT, UNSURE)
NOTES = (
    "Your code ran confined: no network, no files outside its own folder.",
    "Seed 7; `nox -s grade -- --seed 7` draws the same inputs again.",
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


def shown(of: Report, *, file: io.StringIO | None = None, **options: Any) -> str:
    """Return what the terminal shows of a report."""
    file = file or io.StringIO()
    terminal = TerminalReport(file=file, **options)
    terminal.started(len(of.exercises))
    for result in of.exercises:
        terminal.running(result.id)
        terminal.finished(result)
    terminal.closing(of, NOTES)
    return file.getvalue()


def agrees(name: str, text: str) -> None:
    """Compare text with a golden file, or write it where TORCHKATA_UPDATE_GOLDEN is 1."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("TORCHKATA_UPDATE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
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
        (float("nan"), "unknown"),
    ],
)
def test_seconds(value: float, text: str) -> None:
    """A time stands in the unit that leaves it between 1 and 1,000, also after rounding."""
    assert units.seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (20480, "20.0 KiB"),
        (1048575, "1.0 MiB"),
        (4 << 20, "4.0 MiB"),
        (float("inf"), "unknown"),
    ],
)
def test_size(value: float, text: str) -> None:
    """Bytes stand in powers of 1,024 with one decimal, whole below a KiB."""
    assert units.size(value) == text


def test_counts_and_ratios() -> None:
    """Counts have separators; ratios have as many digits as a reader compares."""
    assert [units.count(n) for n in (1001.0, 1.5)] == ["1,001", "1.5"]
    ratios = [412.4, 1.31, 0.021, 0.96, 12345, float("inf")]
    assert [units.ratio(r) for r in ratios] == [
        "412 x",
        "1.3 x",
        "0.021 x",
        "1.0 x",
        "12,345 x",
        "unknown",
    ]


@given(st.text(st.characters(codec=None), max_size=200))
def test_plain_text_holds_no_controls(text: str) -> None:
    """Whatever the text, nothing is left that a terminal obeys or UTF-8 cannot hold."""
    shown_text = units.plain(text)
    shown_text.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown_text)
    assert units.plain(shown_text) == shown_text


@given(st.text(st.sampled_from("ab `希\n"), max_size=120), st.integers(20, 60))
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    """Wrapped text has the same characters, and lines as wide as asked but for single words."""
    lines = list(units.wrapped(text, width, 4, 2))
    assert "".join("".join(lines).split()) == "".join(text.split())
    for place, line in enumerate(lines):
        single = len(re.findall(r"[^\s`]*`[^`\n]{1,60}`\S*|\S+", line)) == 1
        assert single or cell_len(line) + (2 if place else 4) <= width


def test_tabs_and_line_ends() -> None:
    """Tabs become blanks to the next stop of four, and every kind of line end a newline."""
    assert units.plain("a\tb\r\nc\rd") == "a   b\nc\nd"


def test_golden_80() -> None:
    """A mixed report at 80 columns reads as recorded, and no line is wider."""
    text = shown(MIXED)
    agrees("mixed_80", text)
    assert max(map(cell_len, text.splitlines())) <= 80


def test_golden_40() -> None:
    """A mixed report at 40 columns reads as recorded; only paths, commands and counts are wider."""
    text = shown(MIXED, width=40)
    agrees("mixed_40", text)
    wide = [line for line in text.splitlines() if cell_len(line) > 40]
    assert all(re.search("^[✓✗·!?] |exercises", line) for line in wide)


ZH_FAILED = exercise(
    "04_segment_mean",
    State.FAILED,
    "3 项检查未通过；请从第一项改起。",
    seconds=1.24,
    checks=(
        check(
            "ops",
            "failed",
            "501 个算子（第 12 行：500 次 select，1 次 zeros）；至多允许 12 个。"
            "参考解用了 1 个算子：1 次 sum。用例：large（N=20000, D=16）。",
        ),
        *(
            check(
                "values",
                "failed",
                "`segment_mean` 的值有 12 个不同（共 18 个）；第一个位于 [1, 0]：得到 nan，应为 0。"
                f"用例：{case}（N=4, D=2）。",
                case=f"{case} (N=4, D=2)",
            )
            for case in ("empty", "wide")
        ),
        check("speed", "unmeasurable", "未计时：请先让数值正确。"),
    ),
    cost_table=SLOW,
    output="标签 tensor([0, 1, 1])\n",
)
ZH_MIXED = report(exercise("01_outer", State.TODO, "还没有开始。"), PASSED, ZH_FAILED)


@pytest.mark.parametrize("width", [80, 40])
def test_golden_chinese(width: int) -> None:
    """In a language of wide characters columns stand, lines end in time, and none begins badly."""
    choose("zh-CN")
    text = shown(ZH_MIXED, width=width)
    agrees(f"zh-CN_{width}", text)
    lines = text.splitlines()
    for line in lines:
        assert cell_len(line) <= width or "`nox" in line or "exercises/" in line
        assert line.lstrip()[:1] not in {*"，。；：？！、）”"}


@given(
    st.text(st.sampled_from("希望，。（）“”：a1 `"), max_size=120).map(lambda text: text.strip()),
    st.integers(20, 60),
)
def test_wrapping_wide_text_loses_nothing(text: str, width: int) -> None:
    """Lines of Chinese end between characters; nothing is lost but blanks at their ends."""
    lines = list(units.wrapped(text, width, 2, 4))

    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(cell_len(line) <= width - 2 or len(line) > 1 for line in lines)


def test_wide_punctuation_stays_with_its_own() -> None:
    """No line begins with a closing mark or ends with an opening one; code stays whole."""
    text = "请编辑（文件）“练习”，然后运行 `nox -s grade -- halve`。" * 8
    for width in range(30, 70):
        lines = list(units.wrapped(text, width, 0, 0))
        assert not any(line[0] in "，。）”" or line[-1] in "（“" for line in lines)
        assert "".join(lines).count("`nox -s grade -- halve`。") == 8


def test_golden_verbose() -> None:
    """Asked for more, a passed exercise shows its ladder."""
    agrees("verbose_80", shown(report(PASSED), verbose=True))


def test_golden_ascii() -> None:
    """A stream of ASCII alone gets symbols and bars of ASCII, and no error."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    hostile = dataclasses.replace(FAILED, output="naïve 希望 \ud800\n", message="größer")
    terminal = TerminalReport(file=file)
    for result in (TODO, PASSED, hostile):
        terminal.finished(result)
    terminal.closing(MIXED, NOTES)
    text = raw.getvalue().decode("ascii")
    agrees("ascii_80", text.replace(os.linesep, "\n"))
    assert "na\\xefve" in text


def test_colour() -> None:
    """Colour comes when insisted on, on terminals by default, and never against NO_COLOR."""
    assert "\x1b[32m✓ passed" in shown(MIXED, color=True)
    assert "\x1b[32m✓ passed" in shown(MIXED, file=Terminal(), width=80)
    assert "\x1b[" not in shown(MIXED)
    assert "\x1b[1m  VALUES     \x1b[0m12 of 18" in shown(MIXED, color=True)
    assert re.search(r"^(\x1b\[1m)? +(\x1b\[0m)?cases, the", shown(MIXED, color=True), re.MULTILINE)
    plain = re.sub(r"\x1b\[\d+(;\d+)*m", "", shown(MIXED, color=True))
    assert plain == shown(MIXED)


def test_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR a terminal gets a status line, and neither colour nor bold."""
    monkeypatch.setenv("NO_COLOR", "1")
    text = shown(MIXED, file=Terminal(), width=80)
    assert "\x1b[" in text
    assert not re.search(r"\x1b\[[0-9;]*m", text)
    assert "\x1b[32m" in shown(MIXED, color=True)


def test_status_line() -> None:
    """A terminal sees what runs now, and it is gone before the next line; a file sees neither."""
    text = shown(MIXED, file=Terminal(), width=80, color=False)
    assert text.count("1/6  04_operators/01_outer ...") == 1
    statuses = re.findall(r"\d/6  \S+ \.\.\. *\r\x1b\[2K\r", text)
    assert len(statuses) == 6
    assert "1/6" not in shown(MIXED)


def test_dumb_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that knows no sequences gets what a file gets."""
    monkeypatch.setenv("TERM", "dumb")
    assert shown(MIXED, file=Terminal()) == shown(MIXED)


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
def test_hostile_prints_stay_inside(text: str, width: int) -> None:
    """Prints stay behind their bar, in a bounded number of lines no wider than the terminal."""
    result = exercise("01_outer", State.FAILED, output=text)
    file = io.StringIO()
    TerminalReport(file=file, width=width).finished(result)
    lines = file.getvalue().encode("utf-8").decode("utf-8").split("\n")
    start = lines.index("  Your prints")
    end = next(i for i, line in enumerate(lines) if line.startswith("  Next:"))
    block = [line for line in lines[start + 1 : end] if line]
    assert 1 <= len(block) <= 21
    assert all(line.startswith(("  |", "  cut here, of ")) for line in block)
    assert all(cell_len(line) <= width for line in block)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "".join(lines))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_messages_stay_inside(text: str) -> None:
    """A message of whatever text is indented, bounded, and obeyed by no terminal."""
    bad = check("values", "failed", f"It raised Oops: {text}")
    result = exercise("01_outer", State.FAILED, text, checks=(bad,))
    file = io.StringIO()
    TerminalReport(file=file).finished(result)
    out = file.getvalue()
    out.encode("utf-8")
    assert len(out) < 30_000
    assert all(line.startswith("  ") for line in out.splitlines()[1:] if line)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", out)


def test_markup_is_text() -> None:
    """What looks like markup is printed as it stands, also in colour."""
    text = "[red]x[/red] [/] [link=https://example.org]y[/link] :smile: [bold"
    result = exercise("01_outer", State.FAILED, text, output=text)
    assert shown(report(result), color=True).count(text) == 2


def test_findings_said_once() -> None:
    """Checks of one message share one entry: its axes, the number of cases and the smallest."""
    checks = (
        check("gradient", "failed", "It raised E. Case: big.", case="big"),
        check("values", "failed", "It raised E. Case: small.", case="small"),
        check("values", "failed", "It raised E. Case: big.", case="big", device="twin:0"),
    )
    text = " ".join(shown(report(exercise("01_outer", State.FAILED, checks=checks))).split())
    assert (
        "VALUES It raised E. In 2 cases, the smallest: small. On cpu and twin:0. "
        "The same for gradient." in text
    )
    assert text.count("It raised E") == 1


def test_state_message_not_repeated() -> None:
    """A check that says what the exercise's state already says is left out."""
    assert shown(report(ERROR)).count("ended by itself") == 1


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
def test_closing_word(results: tuple[ExerciseResult, ...], wanted: str, unwanted: str) -> None:
    """Newcomers hear where to begin, those who passed everything that they did."""
    text = " ".join(shown(report(*results)).split())
    assert wanted in text
    assert unwanted not in text


def test_last_line_counts() -> None:
    """The last line counts the states that occur, and no others."""
    last = shown(report(TODO, PASSED, TODO)).splitlines()[-1]
    assert last == "3 exercises: 1 passed, 2 todo"


def test_other_folder() -> None:
    """Advice names the folder that was judged."""
    assert "edit handed_in/04_operators/06" in shown(report(TIMEOUT), folder="handed_in")


def test_ladder_bars_are_logarithmic() -> None:
    """Equal ratios of time make equal differences of bars; a few per cent make none."""
    rungs = [rung("loop", seconds_median=1), rung("half", seconds_median=0.01)]
    rungs += [rung("yours", seconds_median=1e-4), rung("reference", seconds_median=0.99e-4)]
    lengths = [line.count("#") for line in cost_table.table(rungs, width=78, bar="#")[2:]]
    assert lengths[0] - lengths[1] == pytest.approx(lengths[1] - lengths[2], abs=1)
    assert lengths[0] == 24
    near = [rung("loop", seconds_median=1.05), rung("yours", seconds_median=1)]
    assert [line.count("#") for line in cost_table.table(near, width=78, bar="#")[2:]] == [1, 1]
    assert lengths[2] == lengths[3] == 1


def test_ladder_without_figures() -> None:
    """Missing and endless figures leave a dash, and one rung alone is no ladder."""
    odd = [rung("loop", ops=float("inf"), seconds_median=2), rung("yours", ops=3)]
    assert cost_table.table(odd, width=78, bar="#")[2:] == [
        "loop      2.0 s    -",
        "yours         -    3",
    ]
    assert cost_table.table(odd[:1], width=78, bar="#") == []
    assert cost_table.table([rung("a"), rung("b")], width=78, bar="#") == []
    assert cost_table.summary(odd) == "3 ops"
    assert cost_table.summary(odd[:1]) == ""


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
    "message",
    "figures",
}


def test_json_schema(tmp_path: Path) -> None:
    """The file holds the keys of schema 1 and gives back what was written."""
    path = tmp_path / "report.json"
    write_json(MIXED, path)
    data = json.loads(path.read_text(encoding="utf-8"))
    assert list(data) == ["schema", "torchkata", "seed", "machine", "summary", "exercises"]
    assert (data["schema"], data["seed"]) == (1, 7)
    assert sum(data["summary"].values()) == len(data["exercises"]) == 6
    assert all(set(entry) == KEYS for entry in data["exercises"])
    assert all(set(c) == CHECK_KEYS for entry in data["exercises"] for c in entry["checks"])
    assert data["exercises"][2]["checks"][1]["message"] == FAILED.checks[1].message
    assert data == json.loads(json.dumps(MIXED.as_json()))


def test_json_of_odd_values(tmp_path: Path) -> None:
    """Endless figures become null, lone surrogates and controls survive, and it stays JSON."""
    text = 'quote " back\\ \ud800\udc80\ud800 \x00 希 \u2028'
    odd = check("speed", "failed", figures={"ratio": float("inf"), "n": float("nan"), "ops": 3.0})
    path = tmp_path / "report.json"
    write_json(report(exercise("01_outer", State.FAILED, text, checks=(odd,), output=text)), path)

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    data = json.loads(path.read_bytes(), parse_constant=refuse)
    entry = data["exercises"][0]
    assert entry["output"].encode("utf-16", "surrogatepass") == text.encode(
        "utf-16", "surrogatepass"
    )
    assert entry["checks"][0]["figures"] == {"ratio": None, "n": None, "ops": 3.0}


@pytest.mark.parametrize("write", [write_json, write_junit])
def test_writing_replaces_whole_files(
    write: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write that fails leaves the old file as it was and nothing beside it."""
    path = tmp_path / "report"
    write(report(TODO), path)
    before = path.read_bytes()

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(UsageError, match="no space left"):
        write(MIXED, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    write(MIXED, path)
    assert path.read_bytes() != before


@pytest.mark.parametrize("write", [write_json, write_junit])
def test_no_such_folder(write: Any, tmp_path: Path) -> None:
    """A file that cannot be written is wrong usage, said with the path and the way out."""
    path = tmp_path / "missing" / "report"
    with pytest.raises(UsageError) as caught:
        write(MIXED, path)
    assert str(caught.value) == (
        f"Cannot write {path}: no such file or directory; name a file in a folder that exists."
    )
    with pytest.raises(UsageError, match="is a directory"):
        write(MIXED, tmp_path)
    assert list(tmp_path.parent.glob(".*tmp")) == []


def test_devices_and_links_are_kept(tmp_path: Path) -> None:
    """A link goes on pointing at its file, and a device or pipe is written to, not replaced."""
    link, real = tmp_path / "link", tmp_path / "real"
    real.write_text("old")
    link.symlink_to(real)
    write_json(MIXED, link)
    assert link.is_symlink()
    assert real.read_text().startswith("{")
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader:
        write_json(report(), f"/dev/fd/{write}")
        os.close(write)
        assert json.loads(reader.read())["exercises"] == []


def test_junit_counts(tmp_path: Path) -> None:
    """Every check is a test case, and the counts are those of the elements."""
    path = tmp_path / "junit.xml"
    write_junit(MIXED, path)
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
    assert (first.get("type"), first.get("message")) == ("ops", FAILED.checks[1].message)
    case = suites["04_segment_mean"].find("testcase")
    assert case is not None
    assert (case.get("classname"), case.get("name")) == (FAILED.id, FAILED.checks[0].id)
    assert suites["04_segment_mean"].findtext("system-out") == FAILED.output


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_junit_of_hostile_text(text: str, tmp_path: Path) -> None:
    """Whatever was printed, the file is XML, and only what XML cannot hold is gone."""
    path = tmp_path / "junit.xml"
    output = text + " <&]]> kept\x00\ud800\ufffe"
    write_junit(report(exercise("01_outer", State.FAILED, text, output=output)), path)
    root = ET.parse(path).getroot()
    assert (root.findtext("testsuite/system-out") or "").endswith(" <&]]> kept")
    assert root.get("failures") == "1"


def test_why_has_a_line_of_its_own(tmp_path: Path) -> None:
    """The sentence of a known trap stands below the failed checks, and in JSON and JUnit."""
    slow = check("ops", "failed", "1,001 ops.", why="Line 8 is a loop.", trap="python loop")
    told = report(exercise("03_row_sum_fast", State.FAILED, "1 check failed.", checks=(slow,)))
    file = tmp_path / "junit.xml"
    write_junit(told, file)

    text = shown(told, color=False)

    assert "  OPS        1,001 ops.\n  WHY        Line 8 is a loop.\n" in text
    assert told.as_json()["exercises"][0]["checks"][0]["trap"] == "python loop"
    assert 'message="1,001 ops. Line 8 is a loop."' in file.read_text()
    assert "WHY" not in shown(report(exercise("03_row_sum_fast", State.FAILED)), color=False)
