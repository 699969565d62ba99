"""Feedback and class report: no hidden values, no invented zeros, no half-written files."""

from __future__ import annotations

import ast
import csv
import json
import random
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from classes import (
    SECRET,
    make_check,
    make_problem,
    make_result,
    mixed_class,
    store_class,
    write_outputs,
)
from helpers import torchkata
from test_html_report import Page

from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.errors import KataError
from torchkata.i18n import Message, _
from torchkata.instructor.feedback import write
from torchkata.instructor.feedback.charts import FiveNumberSummary, points_bins
from torchkata.instructor.feedback.owned_folder import OwnedFolder, file_name
from torchkata.instructor.feedback.similarity import MIN_HASHES, find_similar, tokens
from torchkata.instructor.gradebook.db import Gradebook, stored_result
from torchkata.instructor.gradebook.grade_class import GRADEBOOK_FILE
from torchkata.instructor.gradebook.redaction import summarize
from torchkata.result import State

ROOT = Path(__file__).resolve().parents[2]
HALVE, SHIFT = "01_mini/02_halve", "02_more/01_mend_shift"
LEAKS = {  # each has the hidden input, and leaks it in another way
    "raises": "raise ValueError('leaked ' + str(x.tolist()))",
    "kind": "raise type('leaked' + str(x.tolist()), (Exception,), {})",
    "not_done": "raise NotImplementedError('leaked ' + str(x.tolist()))",
    "prints": "print('leaked', x.tolist()); return x",
    "returns": "return x * 0.75",
    "ends": "import sys; sys.exit('leaked ' + str(x.tolist()))",
    "warns": "import warnings; warnings.warn('leaked ' + str(x.tolist())); return x",
    "text": "return 'leaked ' + str(x.tolist())",
}
NUMBER = re.compile(r"\d\.\d{3,}")


@pytest.fixture
def mini(course: Path) -> Course:
    return Course(course)


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}


def read_feedback(out: Path, learner: str) -> dict[str, dict]:
    """Return a learner's data by exercise; by the empty id, that of the whole file."""
    data = json.loads((out / f"feedback/{file_name(learner)}.json").read_text(encoding="utf-8"))
    return {each["id"]: each for each in data["exercises"]} | {"": data}


def read_table(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))


def test_feedback_contains_no_hidden_value(course: Path, tmp_path: Path):
    """A class that raises, prints and returns its hidden inputs is graded by the command.

    Those values are in the gradebook, which is the instructor's. They are in nothing that a learner
    gets, nor in the class report. A run in which nothing is new writes the same files again.
    """
    for learner, body in LEAKS.items():
        path = tmp_path / "class" / learner / f"exercises/{HALVE}.py"
        path.parent.mkdir(parents=True)
        path.write_text(f"def halve(x):\n    {body}\n")
    out = tmp_path / "out"
    words = ("gradebook", str(tmp_path / "class"), "--out", str(out))

    done = torchkata(course, *words, timeout=110)

    assert done.returncode == 0, done.stderr
    with closing(Gradebook(out / GRADEBOOK_FILE)) as gradebook:
        stored = {each.learner: json.dumps(each.result) for each in gradebook.verdicts()}
    hidden = {learner: set(NUMBER.findall(text)) for learner, text in stored.items()}
    assert sum(bool(numbers) for numbers in hidden.values()) >= 4
    assert sum("leaked" in text for text in stored.values()) >= 4
    feedback = texts(out / "feedback")
    assert len(feedback) == 2 * len(LEAKS) + 1
    tables = {
        name: (out / name).read_text() for name in ("class.html", "gradebook.csv", "similar.csv")
    }
    for name, text in {**feedback, **tables}.items():
        assert "leaked" not in text, name
        assert [number for number in set().union(*hidden.values()) if number in text] == [], name
    finding = read_feedback(out, "returns")[HALVE]["findings"][0]
    assert finding["message"] == "Some values are wrong."

    (out / "feedback/returns.html").unlink()
    (out / "class.html").write_text("half")
    assert "0 graded now" in torchkata(course, *words, timeout=110).stdout
    assert texts(out / "feedback") == feedback
    assert (out / "class.html").read_text().endswith("</html>")


def test_feedback_of_a_learner(mini: Course, tmp_path: Path):
    """It has state, points, findings by rule and case, costs, lateness and rejected files."""
    metrics = {"ops": 1001.0, "ops_allowed": 3.0, "note": SECRET, "bad": float("nan")}
    results = {
        HALVE: make_result(mini, HALVE, State.PASSED, make_check("values"), make_check("values")),
        SHIFT: make_result(
            mini, SHIFT, State.FAILED,
            make_check("values", "failed", case="one (n=1)"),
            make_check("ops", "failed", case="many (n=20)", metrics=metrics),
        ),
    }  # fmt: skip
    problem = "a/<b>.py: It is a symbolic link."
    fields = {"late": True, "problems": [make_problem(problem)]}
    store_class(mini, tmp_path, {"Ann": results}, Ann=fields)

    write_outputs(mini, tmp_path)

    each = read_feedback(tmp_path, "Ann")
    assert (each[""]["schema"], each[""]["learner"], each[""]["late"]) == (1, "Ann", True)
    assert each[""]["problems"] == [problem]
    assert (each[""]["points"], each[""]["points_possible"]) == (1.0, 4.0)
    assert each[""]["summary"] == {"missing": 2, "passed": 1, "failed": 1}
    assert (each[HALVE]["axes"], each[HALVE]["findings"]) == ({"values": [2, 2]}, [])
    wrong, costly = each[SHIFT]["findings"]
    assert (wrong["message"], wrong["case"]) == ("Some values are wrong.", "one (n=1)")
    assert costly["figures"] == {"ops": 1001.0, "ops_allowed": 3.0}  # numbers, and finite
    text = (tmp_path / f"feedback/{file_name('Ann')}.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.faults == []
    for text_on_page in (
        "1 of 4 points", "Submitted 2026-05-01 12:30 UTC.", "after the deadline",
        problem, "Some values are wrong. Case: one (n=1).", "1,001 at most 3", "0 / 1",
    ):  # fmt: skip
        assert text_on_page in page.text
    assert SECRET not in text
    assert "src=" not in text and "http" not in re.sub(r"http-equiv", "", text)


def test_undecided_points_are_not_zero(mini: Course, tmp_path: Path):
    """An undecided submission has no points, rather than 0, in every table, page and file."""
    results = {
        HALVE: make_result(mini, HALVE, State.UNMEASURABLE, make_check("speed", "unmeasurable")),
        SHIFT: make_result(mini, SHIFT, State.PASSED),
    }
    store_class(
        mini, tmp_path, {"ann": results, "bob": {HALVE: make_result(mini, HALVE, State.PASSED)}}
    )

    write_outputs(mini, tmp_path)

    long = {
        (row["learner"], row["exercise"]): row for row in read_table(tmp_path / "gradebook.csv")
    }
    assert (long["ann", HALVE]["points"], long["ann", SHIFT]["points"]) == ("", "1")
    assert "A person has to review it" in long["ann", HALVE]["message"]
    assert read_table(tmp_path / "canvas.csv")[1][HALVE] == ""
    ann, bob = read_table(tmp_path / "moodle.csv")
    assert (ann[HALVE], ann["Total"], bob["Total"]) == ("", "", "1")
    each = read_feedback(tmp_path, "ann")
    assert each[HALVE]["points"] is None
    assert (each[""]["points"], each[""]["points_open"]) == (1.0, 1.0)
    page = Page((tmp_path / "feedback/ann.html").read_text(encoding="utf-8")).text
    assert "unmeasurable A person will review it; it does not count as 0. Points: undecided" in page
    report = Page((tmp_path / "class.html").read_text(encoding="utf-8")).text
    assert "Without points until you decide" in report
    assert "halve unmeasurable 1 ann" in report
    assert "1 learner has undecided points" in report


@pytest.mark.parametrize(
    "learner",
    ["../../etc/passwd", "a/b", "..", ".", "", "a\\b", "C:x", "con", "nul", "José", "李雷", "-x",
     ".x", "x" * 300, "a\x00b", "\udc80", "Ann", "ann ", "a.html", f"ann-{0:016x}"],
)  # fmt: skip
def test_file_names_are_safe(learner: str):
    """Any name of a learner gives a file inside the folder that every system can write."""
    name = file_name(learner)

    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", name)
    assert name not in ("con", "nul")
    assert name != learner


def test_file_names_are_unique():
    """Names that differ only in case, accents or punctuation, or imitate a hash, stay distinct."""
    learners = [
        "ann",
        "Ann",
        "ANN",
        "änn",
        "ann!",
        "ann?",
        "an-n",
        "an n",
        "李雷",
        "李蕾",
        "",
        "learner",
    ]
    learners += [file_name(learner) for learner in learners if file_name(learner) != learner]

    assert len({file_name(learner) for learner in learners}) == len(learners)
    assert file_name("ann") == "ann"


def test_stale_feedback_is_deleted(mini: Course, tmp_path: Path):
    """Our own unchanged files of a learner who is gone are deleted, and no others."""
    passed = {HALVE: make_result(mini, HALVE, State.PASSED)}
    store_class(mini, tmp_path, {"ann": passed, "bob": passed, "cem": passed})
    write_outputs(mini, tmp_path)
    folder = tmp_path / "feedback"
    (folder / "notes.html").write_text("mine")
    (folder / "cem.html").write_text("edited")

    store_class(mini, tmp_path, {"ann": passed})
    write_outputs(mini, tmp_path)

    assert set(texts(folder)) == {
        ".written.json", "ann.html", "ann.json", "cem.html", "notes.html"
    }  # fmt: skip
    (folder / ".written.json").write_text('{"../gradebook.csv": "x", "ann.html": 1')
    store_class(mini, tmp_path, {"bob": passed})
    write_outputs(mini, tmp_path)
    assert {"ann.html", "bob.html"} <= set(texts(folder))
    assert (tmp_path / "gradebook.csv").exists()


def test_a_manipulated_list_deletes_nothing_elsewhere(tmp_path: Path):
    """A manipulated list of files deletes nothing outside its folder."""
    (tmp_path / "mine.json").write_text("{}")
    folder = OwnedFolder(tmp_path / "feedback")
    folder.write("a.html", "x")
    folder.finish()
    list_ = tmp_path / "feedback/.written.json"
    digests = json.loads(list_.read_text())
    list_.write_text(json.dumps({"../mine.json": digests["a.html"]}))
    (tmp_path / "mine.json").write_text("x")

    OwnedFolder(tmp_path / "feedback").finish()

    assert (tmp_path / "mine.json").exists()


def test_an_interrupted_run_leaves_whole_files(mini: Course, tmp_path: Path, monkeypatch):
    """A run that is interrupted leaves whole files, and the next one still owns them."""
    passed = {HALVE: make_result(mini, HALVE, State.PASSED)}
    store_class(mini, tmp_path, {"ann": passed, "bob": passed})
    write_outputs(mini, tmp_path)
    before, report = texts(tmp_path / "feedback"), (tmp_path / "class.html").read_text()

    def interrupt(*_arguments: object) -> str:
        raise KeyboardInterrupt

    store_class(mini, tmp_path, {"ann": {}, "bob": {}, "cem": passed})
    monkeypatch.setattr(write, "class_page", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_outputs(mini, tmp_path)
    assert (tmp_path / "class.html").read_text() == report
    monkeypatch.setattr("torchkata.instructor.feedback.owned_folder.replace_file", interrupt)
    with pytest.raises(KeyboardInterrupt):
        OwnedFolder(tmp_path / "feedback").finish()
    monkeypatch.undo()
    store_class(mini, tmp_path, {"ann": passed, "bob": passed})
    write_outputs(mini, tmp_path)
    assert texts(tmp_path / "feedback") == before


def test_a_file_in_place_of_the_folder_is_kept(tmp_path: Path):
    """A file in place of the folder is reported, and kept."""
    (tmp_path / "feedback").write_text("mine")

    with pytest.raises(KataError, match="must be a folder"):
        OwnedFolder(tmp_path / "feedback")
    assert (tmp_path / "feedback").read_text() == "mine"


def test_class_report(mini: Course, tmp_path: Path):
    """Counts, traps with their sentence, costs and problems are in charts and in tables."""
    hostile = "<script>window.owned = 1</script>"
    class_ = mixed_class(mini, [hostile, *(f"learner{n:02}" for n in range(24))])
    fields = {"problems": [make_problem(f"{hostile}.zip: too large")], "late": True}
    store_class(mini, tmp_path, class_, **{hostile: fields})

    write_outputs(mini, tmp_path)

    text = (tmp_path / "class.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.faults == []
    assert hostile not in text
    assert SECRET not in text
    results = [result for by_exercise in class_.values() for result in by_exercise.values()]
    failed = [result for result in results if result.state is State.FAILED]
    for text_on_page in (
        "25 learners, 4 exercises", "This page is for instructors", "loop in Python",
        "The loop on line 7 makes an op for each row", f"{hostile}.zip: too large",
    ):  # fmt: skip
        assert text_on_page in page.text
    caught = {result.name: 0 for result in failed}
    for result in failed:
        caught[result.name] += 1
    for name, count in caught.items():
        assert f"{name} {count} loop in Python" in page.text
    charts = page.having("svg", role="img")
    assert len(charts) == 1 + 2 + 2 * 3  # points; states by chapter; three costs by chapter
    labels = [chart["aria-labelledby"].split() for chart in charts]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {label for pair in labels for label in pair} <= set(ids)
    assert len(page.having("table")) >= len(charts)


def test_five_number_summary_and_bins():
    """One value or more has five numbers; every learner is in one bin."""
    assert FiveNumberSummary.of([2.0]) == FiveNumberSummary(
        count=1, minimum=2, lower_quartile=2, median=2, upper_quartile=2, maximum=2
    )
    five = FiveNumberSummary.of([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (five.lower_quartile, five.median, five.upper_quartile) == (2, 3, 4)
    for possible in (0.0, 0.5, 1.0, 62.0, 1000.0):
        totals = [possible * share / 7 for share in range(8)]
        bins = points_bins(totals, possible)
        assert sum(count for _start, _end, count in bins) == 8
        assert bins[-1][1] >= possible


def test_pages_translate_stored_texts(mini: Course, tmp_path: Path):
    """Verdicts are stored in English; cases and traps are shown in the language of the pages."""
    file = mini.root / "solutions/01_mini/zh-CN/02_halve.po"
    file.parent.mkdir()
    file.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "one"\nmsgstr "一个元素"\n\n'
        'msgid "Line {line} loops."\nmsgstr "第 {line} 行有循环。"\n',
        encoding="utf-8",
    )
    case = _("{case} ({sizes})", case=Message("one"), sizes="n=1")
    check = make_check("ops", "failed", trap="loop", why=_("Line {line} loops.", line=7))
    result = make_result(mini, HALVE, State.FAILED, replace(check, case=case))
    store_class(mini, tmp_path, {"ann": {HALVE: result}})

    write_outputs(mini, tmp_path, language="zh-CN")

    (finding,) = read_feedback(tmp_path, "ann")[HALVE]["findings"]
    assert finding["case"] == "one (n=1)"
    assert "一个元素" in (tmp_path / "feedback/ann.html").read_text(encoding="utf-8")
    assert "第 7 行有循环。" in (tmp_path / "class.html").read_text(encoding="utf-8")
    with closing(Gradebook(tmp_path / GRADEBOOK_FILE)) as gradebook:
        (verdict,) = gradebook.verdicts()
    assert verdict.result["checks"][0]["why"] == "Line 7 loops."


# Similar files

LONG = '''
import torch
from torch import Tensor


def first(x: Tensor, size: int) -> Tensor:
    """A text."""
    total = torch.zeros(size)
    for row in x.split(size, dim=0):
        total = total + row.mean(dim=0) * 3
    return total / len(x)


def second(data: Tensor, kinds: list[str]) -> dict[str, Tensor]:
    found = {}
    for at, kind in enumerate(kinds):
        picked = data.index_select(1, torch.tensor([at]))
        found[kind] = picked.abs().clamp(min=1e-6).log().sum()
    if not found:
        raise ValueError("nothing was picked")
    return found
'''


def disguised(text: str) -> str:
    """Return the same code with other names, comments and layout, and its functions swapped."""
    for old, new in (("total", "acc"), ("row", "chunk"), ("found", "out"), ("picked", "column"),
                     ("kind", "label"), ("data", "values"), ("at", "i"), ("size", "k"),
                     ("first", "mean_of"), ("second", "logs_of")):  # fmt: skip
        text = re.sub(rf"(?<!\.)\b{old}(s?)\b", rf"{new}\1", text)
    head, one, two = re.split(r"\n\n\n", text)
    return (
        f"# my own work\n{two}\n\n\n{one}\n".replace("    ", "  ").replace("\n", "  # well\n")
        + head
    )


def test_a_disguised_copy_is_found():
    """A renamed, reordered and commented copy is listed; another solution is not."""
    other = LONG
    for old, new in (("split", "chunk"), ("mean", "amax"), ("abs", "exp"), ("total + row", "row"),
                     ("for row in x", "while x"), ("enumerate", "zip"), ("index_select", "take"),
                     ):  # fmt: skip
        other = other.replace(old, new)
    sources = {"ann": LONG, "bob": disguised(LONG), "cem": other}

    similar = find_similar({who: text.encode() for who, text in sources.items()}, [])

    assert (similar.files, similar.compared) == (3, 3)
    assert [(pair.one, pair.other) for pair in similar.pairs] == [("ann", "bob")]
    assert similar.pairs[0].share >= 0.75


def test_text_of_the_course_does_not_count():
    """Text of stub and reference is nobody's own; without it there is nothing to compare."""
    similar = find_similar({"ann": LONG.encode(), "bob": LONG.encode()}, [LONG.encode()])

    assert (similar.files, similar.compared, similar.pairs) == (2, 0, ())


def test_short_files_are_not_compared():
    """A one-line solution looks like everybody else's."""
    line = b"def row_sum(x):\n    return x.sum(dim=0)\n"

    assert find_similar({f"l{n}": line for n in range(9)}, []).compared == 0


def test_frequent_text_does_not_count():
    """In a class, text that more than a third share is ignored; text that three share is not."""
    rest = [LONG.replace("mean", f"mean_{n}").replace("log", f"log_{n}") for n in range(20)]
    class_ = {f"l{n:02}": text.encode() for n, text in enumerate(rest)}
    own = "\n".join(f"def f{n}(x):\n    return x.m{n}(x.n{n}, {n}) ** x.k{n}" for n in range(12))
    class_ |= {who: (LONG + own).encode() for who in ("x", "y", "z")}

    similar = find_similar(class_, [])

    assert [(pair.one, pair.other) for pair in similar.pairs] == [
        ("x", "y"),
        ("x", "z"),
        ("y", "z"),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "\x00\udc80", "'''" + "x" * 70_000, '"' * 9999, "(" * 70_000, "def (:\n  1 +", "İ"]
)  # fmt: skip
def test_any_text_can_be_compared(text: str):
    """Text that is not Python, or does not end, is compared like any other."""
    source = text.encode("utf-8", "surrogatepass")

    assert find_similar({"ann": source, "bob": source}, []).files == 2


def test_tokens_hide_only_names_that_people_choose():
    """Names of the language and of libraries stay; a learner's own attributes do not."""
    assert (
        " ".join(tokens("y = self.w @ torch.sum(x, dim=1)  # z"))
        == "v = self . v @ v . sum ( v , v = 1 )"
    )


def definitions_used_by(text: str, name: str) -> dict[int, str]:
    """Return the definitions of a solution that a sample needs, including its own, by line."""
    known: dict[str, ast.stmt] = {}
    for part in ast.parse(text).body:
        targets = part.targets if isinstance(part, ast.Assign) else [part]
        for target in targets:
            known.setdefault(getattr(target, "name", getattr(target, "id", "")), part)
    wanted, used = [name], {}
    while wanted:
        part = known.get(wanted.pop())
        if part is not None and part.lineno not in used:
            used[part.lineno] = ast.get_source_segment(text, part) or ""
            wanted += [each.id for each in ast.walk(part) if isinstance(each, ast.Name)]
    return used


def alternatives(exercise: Exercise) -> Iterator[tuple[dict[int, str], list[dict[int, str]]]]:
    """Yield the definitions of the reference and of each alternative, by entry point."""
    text = exercise.solution_path.read_text(encoding="utf-8")
    for entry, names in exercise.solution_literal("ALTERNATIVES", {}).items():
        yield definitions_used_by(text, entry), [definitions_used_by(text, name) for name in names]


def test_alternatives_are_not_similar():
    """Of the course's own alternatives, each submitted by another learner, no two are a pair.

    Text of stub and reference is taken out. Alternatives that share another function word for word
    are copies in that function, and some of them are listed.
    """
    wrong, right, possible = [], 0, 0
    for exercise in Course(ROOT).exercises:
        for reference, others in alternatives(exercise):
            sources = {str(at): "\n".join(other.values()) for at, other in enumerate(others)}
            known = [exercise.stub_path.read_bytes(), "\n".join(reference.values()).encode()]
            similar = find_similar({who: text.encode() for who, text in sources.items()}, known)
            possible += similar.compared * (similar.compared - 1) // 2
            for pair in similar.pairs:
                one, other = others[int(pair.one)], others[int(pair.other)]
                copied = (one.keys() & other.keys()) - reference.keys()
                right += bool(copied)
                wrong += [] if copied else [(exercise.name, pair)]

    assert possible >= 60
    assert right >= 1
    assert wrong == []


def test_only_the_instructor_sees_similar_files(mini: Course, tmp_path: Path):
    """A copy is in similar.csv and in the class report, but in nobody's feedback."""
    passed = {SHIFT: make_result(mini, SHIFT, State.PASSED)}
    rng = random.Random(1)
    other = re.sub(r"\.\w+", lambda _match: f".{rng.choice('abcdef')}", LONG)
    sources = {"ann": LONG, "=bob": disguised(LONG), "cem": other}
    store_class(mini, tmp_path, dict.fromkeys(sources, passed), sources)

    write_outputs(mini, tmp_path)

    (row,) = read_table(tmp_path / "similar.csv")
    assert (row["exercise"], row["learner"], row["other"]) == (SHIFT, "'=bob", "ann")
    report = Page((tmp_path / "class.html").read_text(encoding="utf-8")).text
    assert "mend_shift =bob ann" in report
    assert "they prove nothing" in report
    for learner, others in (("ann", ["bob", "cem"]), ("cem", ["ann", "bob"])):
        for suffix in ("html", "json"):
            text = (tmp_path / f"feedback/{learner}.{suffix}").read_text(encoding="utf-8")
            assert [other for other in others if other in text] == []
    assert MIN_HASHES > 1


def test_case_sentence_ends_with_one_period(mini: Course):
    """A case that is a sentence, as in a custom test, does not get a second period."""
    result = make_result(
        mini, HALVE, State.FAILED, make_check("values", "failed", case="Half is half.")
    )

    summary = str(summarize("failed", stored_result(result)))
    assert summary.endswith("Case: Half is half.")
