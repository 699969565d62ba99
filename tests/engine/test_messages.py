"""Languages: catalogues are whole, each fault in them is found, and the right one is in force."""

# ruff: noqa: RUF001 - Chinese has punctuation of its own

from __future__ import annotations

import re
from pathlib import Path

import catalogues
import pytest
import torch
from helpers import Judge, torchkata

import torchkata as package
from torchkata.cli.main import _parser, main
from torchkata.course.catalogue import Course, Exercise
from torchkata.course.spec.budgets import Growth, Memory, Ops, Speedup, HostSyncs
from torchkata.course.translations import FOLDERS, Texts, told, told_case, turn_to
from torchkata.errors import UsageError
from torchkata.grading.compare import differences
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.i18n import messages
from torchkata.i18n.messages import (
    catalogue,
    choose,
    chosen,
    ended,
    english,
    languages,
    say,
    sentences,
)
from torchkata.learner.statement import show
from torchkata.report.grouping import grouped
from torchkata.result import State
from torchkata.sandbox.launcher import Launcher

ENGINE = Path(package.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
COURSE = Course(ROOT)
OTHERS = languages()[1:]
TRANSLATED = ("03_broadcasting", "04_operators")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*/*/*.po"))


def in_chapters(*chapters: str) -> list[Exercise]:
    return [exercise for exercise in COURSE.exercises if exercise.chapter in chapters]


def file_of(exercise: Exercise, folder: str, language: str) -> Path:
    return exercise.course / folder / exercise.chapter / language / f"{exercise.stem}.po"


# The engine's catalogue


@pytest.mark.parametrize("language", OTHERS)
def test_engine_catalogue_is_whole(language):
    """Every message of the engine has a translation with the same values; none is left over.

    Where this names a missing text, translate it in src/torchkata/i18n/translations/.
    """
    texts, faults = catalogues.engine_texts(ENGINE)

    assert faults == []
    assert catalogues.engine_faults(texts, catalogue(language)) == []
    assert catalogues.twice(ENGINE / "i18n/translations" / f"{language}.po") == []


def test_messages_are_found_in_source():
    """Literals are found in calls, joined, and in both arms of an if-expression."""
    source = """
say("one")
print(say("two " "parts {n:,}", n=3), say("a {x}" if n else "b" if m else "c {y}", x=1, y=2))
say("any {z}", **values)
"""
    assert dict(catalogues.said(source)) == {
        "one": set(),
        "two parts {n:,}": {"n"},
        "a {x}": {"x", "y"},
        "b": {"x", "y"},
        "c {y}": {"x", "y"},
        "any {z}": {"z"},
    }


@pytest.mark.parametrize("call", ['say(f"x {y}")', "say(text)", 'say("a" + b)'])
def test_other_than_literals_is_a_fault(tmp_path: Path, call):
    """A message that cannot be found in the source would never be translated."""
    (tmp_path / "some.py").write_text(f"x = 1\n{call}\n")

    _, faults = catalogues.engine_texts(tmp_path)

    assert len(faults) == 1
    assert "some.py:2" in faults[0]


@pytest.mark.parametrize(
    ("translations", "told"),
    [
        ({}, "missing: 'at {n:,} of {m}'"),
        ({"at {n:,} of {m}": "{m}: {n}", "gone": "x"}, "no longer said: 'gone'"),
        ({"at {n:,} of {m}": "{m}: {k}"}, "values ['k', 'm'] instead of ['m', 'n']"),
        ({"at {n:,} of {m}": "{m}"}, "values ['m'] instead of ['m', 'n']"),
    ],
)
def test_faults_of_a_catalogue_are_found(translations, told):
    """A key that is missing, one that is gone, and values that differ."""
    found = catalogues.engine_faults({"at {n:,} of {m}": {"n", "m"}}, translations)

    assert len(found) == 1
    assert told in found[0]


def test_value_that_no_call_gives_is_found(tmp_path: Path):
    """Every call of a text has to give all its values."""
    (tmp_path / "some.py").write_text('say("{a} {b}", a=1, b=2)\nsay("{a} {b}", a=1)\n')
    texts, _ = catalogues.engine_texts(tmp_path)

    assert catalogues.engine_faults(texts, {"{a} {b}": "{b} {a}"}) == [
        "no value for ['b'] in '{a} {b}'"
    ]


def test_text_that_stands_twice_is_found(tmp_path: Path):
    """Of the two, gettext would silently keep one."""
    file = tmp_path / "x.po"
    file.write_text('msgid ""\nmsgstr ""\n\nmsgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n')

    assert catalogues.twice(file) == ["a"]


# The course's catalogues


def test_translated_chapters_have_all_files():
    """Each exercise of the translated chapters has a statement and hidden texts."""
    files = [
        file_of(exercise, folder, "zh-CN")
        for exercise in in_chapters(*TRANSLATED)
        for folder in FOLDERS
    ]

    assert len(files) == 30
    assert [file for file in files if not file.is_file()] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: "/".join(file.parts[-4:]))
def test_course_catalogue_is_whole(file: Path):
    """A catalogue of an exercise has every text of its files, and no other."""
    folder, chapter, language, _ = file.parts[-4:]
    exercise = COURSE.one(f"{chapter}/{file.stem}")
    texts = {
        "exercises": catalogues.statement_texts,
        "solutions": catalogues.hidden_texts,
    }[folder](exercise)

    assert language in OTHERS
    assert catalogues.course_faults(texts, messages.read_po(file)) == []
    assert catalogues.twice(file) == []


@pytest.mark.parametrize(
    ("translations", "told"),
    [
        ({"one row": "x"}, "missing: 'It is {1}, not {2}.'"),
        ({"one row": "x", "It is {1}, not {2}.": "{2} {1}", "old": "y"}, "no longer there: 'old'"),
        ({"one row": "x", "It is {1}, not {2}.": "{1}"}, "values ['{1}'] instead of"),
    ],
)
def test_faults_of_a_course_catalogue_are_found(translations, told):
    """A text that is missing, one that is gone, and values that differ."""
    found = catalogues.course_faults(["one row", "It is {1}, not {2}."], translations)

    assert len(found) == 1
    assert told in found[0]


def test_texts_of_a_grader_are_found(tmp_path: Path):
    """Sentences with their values in functions; no docstrings, no names, no module-level text."""
    source = '''"""A grader of things."""

SHAPE = "n m"

def test_values_x(submission):
    """What it judges."""
    for name, words in (("relu", "a transposed matrix"),):
        require(name, f"It is {name:.3g}, not {2 + 3}: " "see there.")
        same(1, 2, what=f"the gradient of {name}")
'''
    assert list(catalogues._prose(source)) == [
        "a transposed matrix",
        "It is {1}, not {2}: see there.",
        "the gradient of {1}",
    ]


@pytest.mark.parametrize("lesson", in_chapters(*TRANSLATED), ids=lambda exercise: exercise.name)
def test_statement_says_the_same(exercise: Exercise):
    """The translated statement has each budget's sentence and the first hint, as the English has.

    Both come from other catalogues, so this is what keeps them together.
    """
    choose("zh-CN")
    turn_to(exercise.course, exercise.chapter, exercise.stem)
    statement = "\n\n".join(map(told, catalogues.statement_texts(exercise)))
    hints = exercise.solution_literal("HINTS", ())

    assert told(hints[0]) in statement
    for function in exercise.grader.spec.functions:
        for budget in function.budget:
            assert budget.sentence(say) in statement
    assert f"nox -s hint -- {exercise.name}" in statement
    assert not any(mark in statement for mark in (" ，", "。 ", ",。"))


def test_catalogues_are_no_exercises():
    """The course is listed as if no translation were there."""
    assert len(COURSE.exercises) == len(list((ROOT / "solutions").glob("[0-9]*/*.py")))


def test_statements_spoil_nothing():
    """What lies below exercises/ holds statements alone: hints 2 and 3 stay below solutions/."""
    for exercise in in_chapters(*TRANSLATED):
        open_to_all = file_of(exercise, "exercises", "zh-CN").read_text(encoding="utf-8")
        hidden = messages.read_po(file_of(exercise, "solutions", "zh-CN"))
        for hint in exercise.solution_literal("HINTS", ())[1:]:
            assert hint not in open_to_all
            assert hidden[hint] not in open_to_all


# Which language is in force


@pytest.mark.parametrize(
    ("name", "language"),
    [("zh-CN", "zh-CN"), ("zh_cn", "zh-CN"), ("zh", "zh-CN"), ("en", "en"), ("EN", "en")],
)
def test_language_by_name(name, language):
    """However it is written."""
    assert choose(name) == chosen() == language


@pytest.mark.parametrize("name", ["xx", "zh-TW", "", "../en"])
def test_unknown_language_is_refused(name):
    """Somebody who asks for a language by name hears which there are."""
    choose("zh-CN")
    with pytest.raises(UsageError, match="en, zh-CN"):
        choose(name)
    assert chosen() == "zh-CN"


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "zh_CN.GB18030"}, "zh-CN"),
        ({"LANG": "zh_TW.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8@euro"}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh-CN"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh-CN"),
        ({}, "en"),
    ],
)
def test_language_by_locale(monkeypatch: pytest.MonkeyPatch, environment, language):
    """LC_ALL before LC_MESSAGES before LANG; what is not there is English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("locale.getlocale", lambda: (None, None))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert choose(None) == language


def test_text_without_translation_is_english():
    """A message that nobody has translated yet is better in English than not at all."""
    choose("zh-CN")

    assert say("Nobody says this about {x}.", x=1) == "Nobody says this about 1."
    assert english("{n:,} ops", n=1000) == "1,000 ops"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("It raised ValueError: no", "It raised ValueError: no."),
        ("It raised ValueError: f(x)", "It raised ValueError: f(x)."),
        ("All is well.", "All is well."),
        ('He said "no."', 'He said "no."'),
        ("Is it?", "Is it?"),
        ("Wrong. (on twin:0, many)", "Wrong. (on twin:0, many)"),
        ("错了。", "错了。"),
        ("", ""),
    ],
)
def test_sentences_end_with_a_full_stop(text: str, whole: str):
    """A message that came without its full stop gets one, so that the next sentence can follow."""
    assert ended(text) == whole
    choose("zh-CN")
    assert ended(text).rstrip("。.") == whole.rstrip("。.")


def test_a_message_is_ended_before_the_next_sentence(judge: Judge):
    """What a submission raises stands in a sentence of its own, wherever it is told."""
    result = judge("def halve(x):\n    raise ValueError('no such luck')\n")

    assert all(check.message[-1] in ".)" for check in result.failed)
    for _, message in grouped(result.failed):
        assert not re.search(r"[a-z] (In \d+ cases|The same for|On twin)", message), message


def test_sentences_are_joined_as_their_script_does():
    """A blank between sentences, but none behind a full stop as wide as a character."""
    assert sentences("One.", "", "Two.") == "One. Two."
    assert sentences("一。", "二。") == "一。二。"
    assert sentences("One.", "二。", "three") == "One. 二。three"
    assert sentences() == ""


def test_blanks_between_wide_characters_go():
    """A translation has blanks around values, for Latin ones; a Chinese one stands without."""
    choose("zh-CN")

    text = "{label} has shape {got}, expected {expected}."
    assert say(text, label="`f`", got="[1]", expected="[2]") == "`f` 的形状是 [1]，应为 [2]。"
    assert say(text, label="结果", got="[1]", expected="[2]").startswith("结果的形状是 [1]")


def test_comparison_speaks_chinese():
    """The longest chain of messages comes out whole: label, places, error, pattern."""
    choose("zh-CN")
    expected = torch.arange(12.0).reshape(3, 4)
    got = expected.clone()
    got[2] += 1

    (difference,) = differences(got, expected)

    assert difference.message == (
        "结果的值有 4 个不同（共 12 个）；第一个位于 [2, 0]：得到 9，应为 8；"
        "最大误差为 1（允许 0.00019）。3 行中只有最后一个有误。"
    )


def test_budgets_keep_english_where_programs_read():
    """The sentence in a check's id, and in the English stub, is the same in every language."""
    choose("zh-CN")

    def slow_loop() -> None:
        """Stand for a baseline."""

    for budget, sentence in (
        (Ops(1), "at most 1 op"),
        (Ops("n + 3", views=False), "at most n + 3 ops, views not counted"),
        (Memory("2 * output", at={"n": 3}), "at most 2 * output bytes of extra memory at n=3"),
        (Speedup(3, slow_loop, {"n": 5}), "at least 3 x faster than the slow loop at n=5"),
        (HostSyncs(), "no host synchronisation"),
        (HostSyncs(2), "at most 2 host synchronisations"),
        (Growth(1, "n", (1, 2, 3)), "allocated bytes grow at most like n^1"),
    ):
        assert budget.sentence() == sentence
        assert budget.sentence(say) != sentence


# Texts of a course


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """Make a course of two exercises, with hidden texts in Chinese."""
    texts = {
        "01_one": {
            "one row": "一行",
            "a loop": "循环",
            "{1} gives {2}; it should give {3}.": "{1} 得到 {2}，应得 {3}。",
            "For n = {1} it makes {2}": "n = {1} 时用了 {2}",
            "{1}. Too many: {2} too many.": "{1}。太多：多了 {2}。",
        },
        "02_two": {"one row": "一排", "only here": "只在这里"},
    }
    for stem, translations in texts.items():
        file = tmp_path / "solutions" / "01_x" / "zh-CN" / f"{stem}.po"
        file.parent.mkdir(parents=True, exist_ok=True)
        entries = (f'msgid "{text}"\nmsgstr "{zh}"\n' for text, zh in translations.items())
        file.write_text('msgid ""\nmsgstr ""\n\n' + "\n".join(entries), encoding="utf-8")
    choose("zh-CN")
    turn_to(tmp_path, "01_x", "01_one")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "translated"),
    [
        ("one row", "一行"),
        ("Nothing known.", "Nothing known."),
        ("x gives 1.5; it should give 2.5.", "x 得到 1.5，应得 2.5。"),
        ("a loop gives one row; it should give 3.", "循环得到一行，应得 3。"),
        (
            "a gives b; it should give c. d gives e; it should give f.",
            "a 得到 b，应得 c。d 得到 e，应得 f。",
        ),
        ("For n = 3 it makes 7 ops. Too many: 4 too many.", "n = 3 时用了 7 ops。太多：多了 4。"),
        ("x gives 1; it should give 2. And more.", "x 得到 1，应得 2。And more."),
    ],
)
def test_what_a_grader_says_is_recognised(made: Path, text, translated):
    """Texts with values in them, in rows and in one another; the rest stays English."""
    assert told(text) == translated


def test_words_of_another_exercise_are_known(made: Path):
    """A report shows exercises that are no longer at hand; the one at hand comes first."""
    turn_to(made, "01_x", "02_two")

    assert told("one row") == "一排"
    assert told("a loop") == "循环"
    choose("en")
    assert told("one row") == "one row"


@pytest.mark.parametrize(
    ("words", "translated"),
    [
        ("one row", "一行"),
        ("one row (n=1, d=4)", "一行（n=1, d=4）"),
        ("timed (n=500)", "计时（n=500）"),
        ("row_sum, timed (n=500, d=1.5)", "row_sum，计时（n=500, d=1.5）"),
        ("not here, of size 1 (n=2)", "not here, of size 1（n=2）"),
        ("", ""),
    ],
)
def test_cases_are_told(made: Path, words, translated):
    """A case's name is translated, its sizes stay."""
    if words.startswith("unknown"):
        words, translated = (
            words.replace("unknown", "not here"),
            translated.replace("unknown", "not here"),
        )
    assert told_case(words) == translated


def test_missing_catalogue_is_english():
    """Chapters without translations are taught in English."""
    assert Texts.read([None]).told("one row") == "one row"


# From end to end


SLOW = b"""import torch

def row_total(x):
    return torch.stack([row for row in x] + [torch.zeros(x.shape[1])]).sum(0)
"""


def test_workers_speak_the_language(mini: Path):
    """What is said in the worker, on the twin device, is in the judge's language."""
    choose("zh-CN")
    exercise = Course(mini).one("row_total")
    with Launcher() as launcher:
        submission = Submission(source=SLOW, file="x.py")
        result = grade_one(exercise, submission, launcher, Settings(seed=1))

    device = next(check for check in result.failed if check.axis == "device")
    assert "Expected all tensors to be on the same device" in device.message  # PyTorch's own words
    assert "生成了 CPU 张量" in device.message
    assert result.message.endswith("项检查未通过；请从第一项改起。")
    assert device.case == "tall (n=40, d=7)" or device.case.isascii()  # data for programs


def test_english_judge_has_english_workers(judge: Judge):
    """The language is the judge's alone."""
    result = judge(SLOW, "row_total")

    assert any("made a CPU tensor" in check.message for check in result.failed)


def test_grade_in_chinese(course: Path):
    """The whole report is in the language that was asked for, on the command line or by locale."""
    answer = course / "exercises" / "01_mini" / "02_halve.py"
    answer.write_text(answer.read_text().replace("raise NotImplementedError", "return x / 3  #"))

    asked = torchkata(course, "grade", "halve", "--lang", "zh-CN", "--seed", "1")
    by_locale = torchkata(course, "grade", "halve", "--seed", "1", LC_ALL="zh_CN.UTF-8")

    assert asked.returncode == by_locale.returncode == 1, asked.stderr
    for text in (asked.stdout, by_locale.stdout):
        assert "✗ 未通过" in text
        assert "数值" in text
        assert "1 个练习：未通过 1" in text
        assert "check" not in text


@pytest.mark.parametrize(
    "words", [["list"], ["grade"], ["hint", "halve"], ["show", "halve"], ["reset", "halve"]]
)
def test_every_verb_takes_a_language(mini: Path, capsys: pytest.CaptureFixture[str], words):
    """An unknown one is wrong usage, and the languages that there are are named."""
    assert main(["--course", str(mini), *words, "--lang", "tlh"]) == 2
    assert "There is no language 'tlh'; there are en, zh-CN." in capsys.readouterr().err


def test_no_verb_lacks_the_option():
    """Every verb that the help names knows --lang."""
    action = next(action for action in _parser()._actions if action.dest == "verb")
    named = {each.dest for each in action._choices_actions}
    verbs = {name: verb for name, verb in action.choices.items() if name in named}

    assert len(verbs) > 8
    assert [name for name, verb in verbs.items() if "--lang" not in verb.format_help()] == []


def test_statement_is_shown(capsys: pytest.CaptureFixture[str]):
    """Statement, signature and file; in the language asked for."""
    assert main(["--course", str(ROOT), "show", "row_sum_fast", "--lang", "zh"]) == 0
    told = capsys.readouterr().out

    assert "不用 Python 循环" in told
    assert "def row_sum(x: Tensor) -> Tensor" in told
    assert "exercises/04_operators/03_row_sum_fast.py" in told


@pytest.mark.parametrize("lesson", COURSE.exercises, ids=lambda exercise: exercise.name)
def test_every_exercise_can_be_shown(exercise: Exercise):
    """Where there is no translation, the English text comes; what has to be defined is named."""
    text = show(exercise)

    assert "Budget" in text
    assert all(name in text for name in exercise.grader.spec.names)
    assert text == show(exercise)


def test_statement_outlives_the_learners_edits(course: Path, capsys: pytest.CaptureFixture[str]):
    """Half-written code does not hide the text; a file without its text says what to do."""
    exercise = Course(course).one("halve")
    shipped = exercise.stub_path.read_text()
    exercise.stub_path.write_text(shipped + "\ndef broken(:\n")
    assert shipped.split('"""')[1].strip().splitlines()[0] in show(exercise)

    exercise.stub_path.write_text("def halve(x):\n    return x\n")
    assert main(["--course", str(course), "show", "halve"]) == 1
    assert "has lost the text at its top" in capsys.readouterr().err


def test_untouched_exercise_stays_todo_in_every_language(mini: Path):
    """States are data: they are the same whatever is said about them."""
    choose("zh-CN")
    exercise = Course(mini).one("halve")
    submission = Submission(source=exercise.stub_path.read_bytes(), file="x.py")
    with Launcher() as launcher:
        result = grade_one(exercise, submission, launcher, Settings(seed=1))

    assert (result.state, result.message) == (State.TODO, "还没有开始。")
