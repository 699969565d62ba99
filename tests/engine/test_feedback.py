"""What comes out of a gradebook: no hidden values, no 0 that nobody gave, nothing half written."""

from __future__ import annotations

import ast
import csv
import json
import random
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from classes import SECRET, check, keep, mixed, verdict, write
from helpers import torchkata
from test_html_report import Page

from torchkata.course.catalogue import Course, Exercise
from torchkata.errors import KataError
from torchkata.instructor.feedback import write as outputs
from torchkata.instructor.feedback.charts import Five, bins
from torchkata.instructor.feedback.filenames import file_name
from torchkata.instructor.feedback.owned_folder import Folder
from torchkata.instructor.feedback.similarity import FEWEST, compare, tokens
from torchkata.instructor.gradebook.db import Book
from torchkata.instructor.gradebook.grade_class import FILE
from torchkata.instructor.gradebook.redaction import summary
from torchkata.result import State

ROOT = Path(__file__).resolve().parents[2]
HALVE, SHIFT = "01_mini/02_halve", "02_more/01_mend_shift"
LEAKS = {  # each has the hidden input in its hands, and tries another way out
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


def told(out: Path, learner: str) -> dict[str, dict]:
    data = json.loads((out / f"feedback/{file_name(learner)}.json").read_text(encoding="utf-8"))
    return {each["id"]: each for each in data["exercises"]} | {"": data}


def rows(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))


def test_no_hidden_value_comes_out(course: Path, tmp_path: Path):
    """A class that raises, prints and returns its hidden inputs is graded by the command.

    Those values are in the gradebook, which is the instructor's; they are in nothing a learner
    gets, nor on the class report. A run in which nothing is new writes the same again.
    """
    for learner, body in LEAKS.items():
        path = tmp_path / "class" / learner / f"exercises/{HALVE}.py"
        path.parent.mkdir(parents=True)
        path.write_text(f"def halve(x):\n    {body}\n")
    out = tmp_path / "out"
    words = ("gradebook", str(tmp_path / "class"), "--out", str(out))

    done = torchkata(course, *words, timeout=110)

    assert done.returncode == 0, done.stderr
    book = Book(out / FILE)
    kept = {row.learner: json.dumps(row.result) for row in book.rows()}
    book.close()
    hidden = {who: set(NUMBER.findall(text)) for who, text in kept.items()}
    assert sum(bool(found) for found in hidden.values()) >= 4
    assert sum("leaked" in text for text in kept.values()) >= 4
    feedback = texts(out / "feedback")
    assert len(feedback) == 2 * len(LEAKS) + 1
    tables = {
        name: (out / name).read_text() for name in ("class.html", "gradebook.csv", "similar.csv")
    }
    for name, text in {**feedback, **tables}.items():
        assert "leaked" not in text, name
        assert [number for number in set().union(*hidden.values()) if number in text] == [], name
    assert told(out, "returns")[HALVE]["findings"][0]["message"] == "Some values are wrong."

    (out / "feedback/returns.html").unlink()
    (out / "class.html").write_text("half")
    assert "0 graded now" in torchkata(course, *words, timeout=110).stdout
    assert texts(out / "feedback") == feedback
    assert (out / "class.html").read_text().endswith("</html>")


def test_feedback_of_a_learner(mini: Course, tmp_path: Path):
    """State, points of weight, sum, findings by rule and case, costs, lateness, refusals."""
    figures = {"ops": 1001.0, "ops_allowed": 3.0, "note": SECRET, "bad": float("nan")}
    of = {
        HALVE: verdict(mini, HALVE, State.PASSED, check("values"), check("values")),
        SHIFT: verdict(
            mini, SHIFT, State.FAILED,
            check("values", "failed", case="one (n=1)"),
            check("ops", "failed", case="many (n=20)", figures=figures),
        ),
    }  # fmt: skip
    late = {"late": True, "problems": ["a/<b>.py: a link, which is not followed"]}
    keep(mini, tmp_path, {"Ann": of}, Ann=late)

    write(mini, tmp_path)

    each = told(tmp_path, "Ann")
    assert (each[""]["schema"], each[""]["learner"], each[""]["late"]) == (1, "Ann", True)
    assert each[""]["problems"] == late["problems"]
    assert (each[""]["points"], each[""]["points_possible"]) == (1.0, 4.0)
    assert each[""]["summary"] == {"missing": 2, "passed": 1, "failed": 1}
    assert (each[HALVE]["axes"], each[HALVE]["findings"]) == ({"values": [2, 2]}, [])
    wrong, costly = each[SHIFT]["findings"]
    assert (wrong["message"], wrong["case"]) == ("Some values are wrong.", "one (n=1)")
    assert costly["figures"] == {"ops": 1001.0, "ops_allowed": 3.0}  # numbers, and finite
    text = (tmp_path / f"feedback/{file_name('Ann')}.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.faults == []
    for words in (
        "1 of 4 points", "Handed in 2026-05-01 12:30 UTC.", "after the deadline",
        "a/<b>.py: a link", "Some values are wrong. Case: one (n=1).", "1,001 at most 3", "0 / 1",
    ):  # fmt: skip
        assert words in page.text
    assert SECRET not in text
    assert "src=" not in text and "http" not in re.sub(r"http-equiv", "", text)


def test_what_is_open_is_no_0(mini: Course, tmp_path: Path):
    """An answer without a verdict has no points, not 0, in every table, page and file."""
    of = {
        HALVE: verdict(mini, HALVE, State.UNMEASURABLE, check("speed", "unmeasurable")),
        SHIFT: verdict(mini, SHIFT, State.PASSED),
    }
    keep(mini, tmp_path, {"ann": of, "bob": {HALVE: verdict(mini, HALVE, State.PASSED)}})

    write(mini, tmp_path)

    long = {(row["learner"], row["exercise"]): row for row in rows(tmp_path / "gradebook.csv")}
    assert (long["ann", HALVE]["points"], long["ann", SHIFT]["points"]) == ("", "1")
    assert "look at it by hand" in long["ann", HALVE]["message"]
    assert rows(tmp_path / "canvas.csv")[1][HALVE] == ""
    ann, bob = rows(tmp_path / "moodle.csv")
    assert (ann[HALVE], ann["Total"], bob["Total"]) == ("", "", "1")
    each = told(tmp_path, "ann")
    assert each[HALVE]["points"] is None
    assert (each[""]["points"], each[""]["points_open"]) == (1.0, 1.0)
    page = Page((tmp_path / "feedback/ann.html").read_text(encoding="utf-8")).text
    assert (
        "unmeasurable A person will look at it; it does not count as 0. Points: not decided" in page
    )
    report = Page((tmp_path / "class.html").read_text(encoding="utf-8")).text
    assert "Without points until you decide" in report
    assert "halve unmeasurable 1 ann" in report
    assert "Of 1 learners something is not decided yet" in report


@pytest.mark.parametrize(
    "learner",
    ["../../etc/passwd", "a/b", "..", ".", "", "a\\b", "C:x", "con", "nul", "José", "李雷", "-x",
     ".x", "x" * 300, "a\x00b", "\udc80", "Ann", "ann ", "a.html", f"ann-{0:016x}"],
)  # fmt: skip
def test_file_names_are_safe(learner: str):
    """Whatever a folder was called, the file lies in its place and can be written everywhere."""
    name = file_name(learner)

    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}", name)
    assert name not in ("con", "nul")
    assert name != learner


def test_every_learner_has_a_file():
    """Names that differ by case, accents or signs alone, or that mimic a mark, stay apart."""
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


def test_stale_feedback_goes(mini: Course, tmp_path: Path):
    """Files of a learner who is gone are removed: those that we wrote, as we wrote them."""
    passed = {HALVE: verdict(mini, HALVE, State.PASSED)}
    keep(mini, tmp_path, {"ann": passed, "bob": passed, "cem": passed})
    write(mini, tmp_path)
    folder = tmp_path / "feedback"
    (folder / "notes.html").write_text("mine")
    (folder / "cem.html").write_text("with a word of mine")

    keep(mini, tmp_path, {"ann": passed})
    write(mini, tmp_path)

    assert set(texts(folder)) == {
        ".written.json", "ann.html", "ann.json", "cem.html", "notes.html"
    }  # fmt: skip
    (folder / ".written.json").write_text('{"../gradebook.csv": "x", "ann.html": 1')
    keep(mini, tmp_path, {"bob": passed})
    write(mini, tmp_path)
    assert {"ann.html", "bob.html"} <= set(texts(folder))
    assert (tmp_path / "gradebook.csv").exists()


def test_list_names_no_other_folder(tmp_path: Path):
    """A list that was tampered with removes nothing outside of its folder."""
    (tmp_path / "mine.json").write_text("{}")
    folder = Folder(tmp_path / "feedback")
    folder.write("a.html", "x")
    folder.finish()
    marks = json.loads((tmp_path / "feedback/.written.json").read_text())
    (tmp_path / "feedback/.written.json").write_text(json.dumps({"../mine.json": marks["a.html"]}))
    (tmp_path / "mine.json").write_text("x")

    Folder(tmp_path / "feedback").finish()

    assert (tmp_path / "mine.json").exists()


def test_files_are_whole_or_as_before(mini: Course, tmp_path: Path, monkeypatch):
    """A run that ends in the middle leaves whole files, and the next one knows them for its own."""
    passed = {HALVE: verdict(mini, HALVE, State.PASSED)}
    keep(mini, tmp_path, {"ann": passed, "bob": passed})
    write(mini, tmp_path)
    before, report = texts(tmp_path / "feedback"), (tmp_path / "class.html").read_text()

    def ends(*_words: object) -> str:
        raise KeyboardInterrupt

    keep(mini, tmp_path, {"ann": {}, "bob": {}, "cem": passed})
    monkeypatch.setattr(outputs, "class_page", ends)
    with pytest.raises(KeyboardInterrupt):
        write(mini, tmp_path)
    assert (tmp_path / "class.html").read_text() == report
    monkeypatch.setattr("torchkata.instructor.feedback.owned_folder.replace_file", ends)
    with pytest.raises(KeyboardInterrupt):
        Folder(tmp_path / "feedback").finish()
    monkeypatch.undo()
    keep(mini, tmp_path, {"ann": passed, "bob": passed})
    write(mini, tmp_path)
    assert texts(tmp_path / "feedback") == before


def test_a_file_in_the_folders_place(tmp_path: Path):
    """A file where the folder has to be is told, and stays."""
    (tmp_path / "feedback").write_text("mine")

    with pytest.raises(KataError, match="has to be a folder"):
        Folder(tmp_path / "feedback")
    assert (tmp_path / "feedback").read_text() == "mine"


def test_class_report(mini: Course, tmp_path: Path):
    """Counts, traps with their sentence, costs and problems stand in pictures and in tables."""
    hostile = "<script>window.owned = 1</script>"
    class_ = mixed(mini, [hostile, *(f"learner{n:02}" for n in range(24))])
    problem = {"problems": [f"{hostile}.zip: too large"], "late": True}
    keep(mini, tmp_path, class_, **{hostile: problem})

    write(mini, tmp_path)

    text = (tmp_path / "class.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.faults == []
    assert hostile not in text
    assert SECRET not in text
    results = [result for of in class_.values() for result in of.values()]
    failed = [result for result in results if result.state is State.FAILED]
    for words in (
        "25 learners, 4 exercises", "This is the instructor's page", "loop in Python",
        "The loop in line 7 makes an op for each row", f"{hostile}.zip: too large",
    ):  # fmt: skip
        assert words in page.text
    caught = {result.name: 0 for result in failed}
    for result in failed:
        caught[result.name] += 1
    for name, count in caught.items():
        assert f"{name} {count} loop in Python" in page.text
    pictures = page.having("svg", role="img")
    assert len(pictures) == 1 + 2 + 2 * 3  # points; states by chapter; three costs by chapter
    labels = [picture["aria-labelledby"].split() for picture in pictures]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {label for pair in labels for label in pair} <= set(ids)
    assert len(page.having("table")) >= len(pictures)


def test_spread_and_bins():
    """Five numbers of one value or many; every learner stands in one bin."""
    assert Five.of([2.0]) == Five(count=1, least=2, lower=2, middle=2, upper=2, most=2)
    five = Five.of([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (five.lower, five.middle, five.upper) == (2, 3, 4)
    for possible in (0.0, 0.5, 1.0, 62.0, 1000.0):
        values = [possible * share / 7 for share in range(8)]
        found = bins(values, possible)
        assert sum(count for _, _, count in found) == 8
        assert found[-1][1] >= possible


# Files that are alike

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
    """The same with other names, other comments, other blanks, and its functions turned round."""
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
    """Renamed, turned round and commented, a copy is still listed; another answer is not."""
    other = LONG
    for old, new in (("split", "chunk"), ("mean", "amax"), ("abs", "exp"), ("total + row", "row"),
                     ("for row in x", "while x"), ("enumerate", "zip"), ("index_select", "take"),
                     ):  # fmt: skip
        other = other.replace(old, new)
    sources = {"ann": LONG, "bob": disguised(LONG), "cem": other}

    found = compare({who: text.encode() for who, text in sources.items()}, [])

    assert (found.files, found.compared) == (3, 3)
    assert [(pair.one, pair.other) for pair in found.pairs] == [("ann", "bob")]
    assert found.pairs[0].share >= 0.75


def test_what_is_known_does_not_count():
    """What stub and reference say is nobody's own, and without it there is nothing to compare."""
    found = compare({"ann": LONG.encode(), "bob": LONG.encode()}, [LONG.encode()])

    assert (found.files, found.compared, found.pairs) == (2, 0, ())


def test_short_answers_are_not_compared():
    """One line looks like everybody's line."""
    line = b"def row_sum(x):\n    return x.sum(dim=0)\n"

    assert compare({f"l{n}": line for n in range(9)}, []).compared == 0


def test_what_many_have_does_not_count():
    """In a class, what more than a third has is the natural way; what three have is listed."""
    rest = [LONG.replace("mean", f"mean_{n}").replace("log", f"log_{n}") for n in range(20)]
    class_ = {f"l{n:02}": text.encode() for n, text in enumerate(rest)}
    own = "\n".join(f"def f{n}(x):\n    return x.m{n}(x.n{n}, {n}) ** x.k{n}" for n in range(12))
    class_ |= {who: (LONG + own).encode() for who in ("x", "y", "z")}

    found = compare(class_, [])

    assert [(pair.one, pair.other) for pair in found.pairs] == [("x", "y"), ("x", "z"), ("y", "z")]


@pytest.mark.parametrize(
    "text",
    ["", "\x00\udc80", "'''" + "x" * 70_000, '"' * 9999, "(" * 70_000, "def (:\n  1 +", "İ"]
)  # fmt: skip
def test_no_text_is_too_odd(text: str):
    """What is no Python, or does not end, is compared like all else."""
    source = text.encode("utf-8", "surrogatepass")

    assert compare({"ann": source, "bob": source}, []).files == 2


def test_tokens_are_blind_to_names_alone():
    """Names of the language and behind a dot stay; a learner's own attributes are names, too."""
    assert (
        " ".join(tokens("y = self.w @ torch.sum(x, dim=1)  # z"))
        == "v = self . v @ v . sum ( v , v = 1 )"
    )


def parts(text: str, name: str) -> dict[int, str]:
    """The definitions of a solution that a sample needs, itself among them, by line."""
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
    """The reference and its alternatives, each taken out of the solution, by entry point."""
    text = exercise.solution_path.read_text(encoding="utf-8")
    for entry, names in exercise.solution_literal("ALTERNATIVES", {}).items():
        yield parts(text, entry), [parts(text, name) for name in names]


def test_other_right_answers_are_no_copies():
    """Of the course's own alternatives, each handed in by another learner, no two are a pair.

    What stub and reference say is taken out. Those that have another function word for word in
    common are copies in that, and some of them are listed.
    """
    wrong, right, possible = [], 0, 0
    for exercise in Course(ROOT).exercises:
        for reference, others in alternatives(exercise):
            sources = {str(at): "\n".join(other.values()) for at, other in enumerate(others)}
            known = [exercise.stub_path.read_bytes(), "\n".join(reference.values()).encode()]
            found = compare({who: text.encode() for who, text in sources.items()}, known)
            possible += found.compared * (found.compared - 1) // 2
            for pair in found.pairs:
                one, other = others[int(pair.one)], others[int(pair.other)]
                copied = (one.keys() & other.keys()) - reference.keys()
                right += bool(copied)
                wrong += [] if copied else [(exercise.name, pair)]

    assert possible >= 60
    assert right >= 1
    assert wrong == []


def test_pairs_are_told_to_the_instructor_alone(mini: Course, tmp_path: Path):
    """A copy stands in similar.csv and on the class report, and in nobody's feedback."""
    passed = {SHIFT: verdict(mini, SHIFT, State.PASSED)}
    rng = random.Random(1)
    other = re.sub(r"\.\w+", lambda _found: f".{rng.choice('abcdef')}", LONG)
    sources = {"ann": LONG, "=bob": disguised(LONG), "cem": other}
    keep(mini, tmp_path, dict.fromkeys(sources, passed), sources)

    write(mini, tmp_path)

    (row,) = rows(tmp_path / "similar.csv")
    assert (row["exercise"], row["learner"], row["other"]) == (SHIFT, "'=bob", "ann")
    report = Page((tmp_path / "class.html").read_text(encoding="utf-8")).text
    assert "mend_shift =bob ann" in report
    assert "for nobody to be judged by" in report
    for learner, mates in (("ann", ["bob", "cem"]), ("cem", ["ann", "bob"])):
        for end in ("html", "json"):
            told_ = (tmp_path / f"feedback/{learner}.{end}").read_text(encoding="utf-8")
            assert [mate for mate in mates if mate in told_] == []
    assert FEWEST > 1


def test_case_in_words_ends_with_one_stop(mini: Course):
    """A case that is a sentence, as of a grader's own test, is not given a second full stop."""
    result = verdict(mini, HALVE, State.FAILED, check("values", "failed", case="Half is half."))

    assert summary("failed", asdict(result)).endswith("Case: Half is half.")
