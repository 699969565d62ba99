"""Messages and languages: templates, translators, complete catalogues, the choice of a language."""

# ruff: noqa: RUF001 - Chinese has its own punctuation

from __future__ import annotations

import json
import re
from pathlib import Path

import catalogues
import pytest
import torch
from helpers import Judge, torchkata

import torchkata as package
from torchkata.cli.main import main
from torchkata.course.catalogue import Course
from torchkata.course.exercise import Exercise
from torchkata.course.spec.budgets import Growth, HostSyncs, Memory, Ops, Speedup
from torchkata.course.spec.case import Case
from torchkata.course.translations import FOLDERS, Translations
from torchkata.grading.compare import differences
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.i18n import (
    Message,
    Translator,
    _,
    and_list,
    comma_list,
    join,
    or_list,
    verbatim,
    with_period,
)
from torchkata.i18n.catalogues import (
    catalogue,
    find_language,
    languages,
    locale_language,
    parse_po,
)
from torchkata.learner.statement import format_statement
from torchkata.report.grouping import group_findings
from torchkata.result import State
from torchkata.sandbox.launcher import Launcher

ENGINE = Path(package.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
COURSE = Course(ROOT)
OTHERS = languages()[1:]
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*/*/*.po"))
CHINESE = Translator("zh-CN")


def read_po(file: Path) -> dict[str, str]:
    return parse_po(file.read_bytes())


def file_of(exercise: Exercise, folder: str, language: str) -> Path:
    return exercise.course / folder / exercise.chapter / language / f"{exercise.stem}.po"


# Messages


def test_message_is_rendered_when_it_is_shown():
    """A message keeps template and values; str is English, a translator another language."""
    message = _("{label} has shape {got}, expected {expected}.", label="f", got=[1], expected=[2])

    assert message.values == {"label": "f", "got": [1], "expected": [2]}
    assert str(message) == "f has shape [1], expected [2]."
    assert str(Translator()(message)) == str(message)


def test_values_may_be_messages():
    """A message inside a message is translated too."""
    inner = _("open example {number}", number=3)

    assert str(_("Case: {case}.", case=inner)) == "Case: open example 3."
    assert "3" in CHINESE(_("Case: {case}.", case=inner))
    assert "open" not in CHINESE(inner)


def test_message_without_values_is_not_formatted():
    """Braces of a text without values stay as they are."""
    assert str(_("a {b}")) == "a {b}"


def test_values_are_never_templates():
    """Braces in a value, which a submission may have written, are not formatted."""
    assert str(_("It raised {text}.", text="{0.__class__}")) == "It raised {0.__class__}."
    assert str(verbatim("{x!r:>99}")) == "{x!r:>99}"


def test_empty_message_is_false():
    """A message without text is false and renders as nothing."""
    assert not Message()
    assert not verbatim("")
    assert not join(Message(), Message())
    assert str(join()) == ""


def test_message_survives_json():
    """A message with nested and following messages is the same after JSON."""
    message = join(_("{n} of {what}", n=3, what=_("ops")), _("Case: {case}.", case="x"))

    assert Message.from_json(json.loads(json.dumps(message.to_json()))) == message


def test_all_values_prefer_the_first_message():
    """The values of following messages complete those of the first."""
    message = join(_("{a} {b}", a=1, b=2), _("{b} {c}", b=3, c=4))

    assert message.all_values() == {"a": 1, "b": 2, "c": 4}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("It raised ValueError: no", "It raised ValueError: no."),
        ("It raised ValueError: f(x)", "It raised ValueError: f(x)."),
        ("All is well.", "All is well."),
        ('They said "no."', 'They said "no."'),
        ("Is it?", "Is it?"),
        ("Wrong. (on twin:0, many)", "Wrong. (on twin:0, many)"),
        ("错了。", "错了。"),
        ("", ""),
    ],
)
def test_sentence_gets_its_period(text: str, whole: str):
    """A message that does not end like a sentence gets a period."""
    assert str(with_period(verbatim(text))) == whole


def test_sentences_are_joined_as_their_script_requires():
    """A space between sentences, but none after a full-width period."""
    one, two, three = (verbatim(text) for text in ("一。", "二。", "three"))

    assert str(join(_("One."), Message(), _("Two."))) == "One. Two."
    assert CHINESE(join(one, two)) == "一。二。"
    assert CHINESE(join(_("One."), two, three)) == "One. 二。three"


@pytest.mark.parametrize(
    ("items", "commas", "conjunction", "alternatives"),
    [
        ([], "", "", ""),
        (["a"], "a", "a", "a"),
        (["a", "b"], "a, b", "a and b", "a or b"),
        (["a", "b", "c"], "a, b, c", "a, b and c", "a, b or c"),
    ],
)
def test_lists(items, commas, conjunction, alternatives):
    """Lists inside messages have the punctuation of the language."""
    assert str(comma_list(items)) == commas
    assert str(and_list(items)) == conjunction
    assert str(or_list(items)) == alternatives


def test_text_without_translation_stays_english():
    """A message that is not translated yet is shown in English."""
    assert CHINESE(_("Nobody says this about {x}.", x=1)) == "Nobody says this about 1."


def test_no_spaces_between_full_width_characters():
    """Spaces around a Latin value vanish around a full-width one."""
    text = "{label} has shape {got}, expected {expected}."
    translate = Translator("zh-CN", {text: "{label} 的形状是 {got}，应为 {expected}。"})

    latin = translate(_(text, label="`f`", got="[1]", expected="[2]"))
    wide = translate(_(text, label="结果", got="[1]", expected="[2]"))
    assert latin == "`f` 的形状是 [1]，应为 [2]。"
    assert wide.startswith("结果的形状是 [1]")


# The engine's catalogue


@pytest.mark.parametrize("language", OTHERS)
def test_engine_catalogue_is_complete(language):
    """Every message of the engine has a translation with the same values; none is left over.

    If this names a missing text, translate it in src/torchkata/i18n/translations/.
    """
    texts, faults = catalogues.engine_texts(ENGINE)

    assert faults == []
    assert catalogues.engine_faults(texts, catalogue(language)) == []
    assert catalogues.repeated(ENGINE / "i18n/translations" / f"{language}.po") == []


def test_templates_are_found_in_source():
    """Literals are found in calls, concatenated, and in both arms of a conditional expression."""
    source = """
_("one")
print(_("two " "parts {n:,}", n=3), _("a {x}" if n else "b" if m else "c {y}", x=1, y=2))
_("any {z}", **values)
"""
    assert dict(catalogues.templates(source)) == {
        "one": set(),
        "two parts {n:,}": {"n"},
        "a {x}": {"x", "y"},
        "b": {"x", "y"},
        "c {y}": {"x", "y"},
        "any {z}": {"z"},
    }


@pytest.mark.parametrize("call", ['_(f"x {y}")', "_(text)", '_("a" + b)'])
def test_other_than_literals_is_a_fault(tmp_path: Path, call):
    """A message that cannot be found in the source would never be translated."""
    (tmp_path / "some.py").write_text(f"x = 1\n{call}\n")

    _texts, faults = catalogues.engine_texts(tmp_path)

    assert len(faults) == 1
    assert "some.py:2" in faults[0]


@pytest.mark.parametrize(
    ("translations", "fault"),
    [
        ({}, "missing: 'at {n:,} of {m}'"),
        ({"at {n:,} of {m}": "{m}: {n}", "gone": "x"}, "no longer used: 'gone'"),
        ({"at {n:,} of {m}": "{m}: {k}"}, "values ['k', 'm'] instead of ['m', 'n']"),
        ({"at {n:,} of {m}": "{m}"}, "values ['m'] instead of ['m', 'n']"),
    ],
)
def test_faults_of_the_engine_catalogue_are_found(translations, fault):
    """A missing key, a key that is gone, and different values are faults."""
    found = catalogues.engine_faults({"at {n:,} of {m}": {"n", "m"}}, translations)

    assert len(found) == 1
    assert fault in found[0]


def test_missing_value_is_found(tmp_path: Path):
    """Every call of a template must give all its values."""
    (tmp_path / "some.py").write_text('_("{a} {b}", a=1, b=2)\n_("{a} {b}", a=1)\n')
    texts, _faults = catalogues.engine_texts(tmp_path)

    assert catalogues.engine_faults(texts, {"{a} {b}": "{b} {a}"}) == [
        "no value for ['b'] in '{a} {b}'"
    ]


def test_repeated_text_is_found(tmp_path: Path):
    """A text with two translations is a fault: gettext would silently keep one."""
    file = tmp_path / "x.po"
    file.write_text('msgid ""\nmsgstr ""\n\nmsgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n')

    assert catalogues.repeated(file) == ["a"]


# The course's catalogues


@pytest.mark.parametrize("language", OTHERS)
def test_every_exercise_is_translated(language):
    """Each exercise has a translated statement and translated hidden texts."""
    files = [
        file_of(exercise, folder, language) for exercise in COURSE.exercises for folder in FOLDERS
    ]

    assert len(files) == 2 * len(COURSE.exercises)
    assert [file for file in files if not file.is_file()] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: "/".join(file.parts[-4:]))
def test_course_catalogue_is_complete(file: Path):
    """A catalogue of an exercise has every text of its files, and no other."""
    folder, chapter, language, _name = file.parts[-4:]
    exercise = COURSE.one(f"{chapter}/{file.stem}")
    texts = {
        "exercises": catalogues.statement_texts,
        "solutions": catalogues.hidden_texts,
    }[folder](exercise)

    assert language in OTHERS
    assert catalogues.course_faults(texts, read_po(file)) == []
    assert catalogues.repeated(file) == []


@pytest.mark.parametrize(
    ("translations", "fault"),
    [
        ({"one row": "x"}, "missing: 'It is {n}, not {m}.'"),
        ({"one row": "x", "It is {n}, not {m}.": "{m} {n}", "old": "y"}, "no longer used: 'old'"),
        ({"one row": "x", "It is {n}, not {m}.": "{n}"}, "values ['n'] instead of ['m', 'n']"),
    ],
)
def test_faults_of_a_course_catalogue_are_found(translations, fault):
    """A missing text, a text that is gone, and different values are faults."""
    found = catalogues.course_faults(["one row", "It is {n}, not {m}."], translations)

    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize("exercise", COURSE.exercises, ids=lambda exercise: exercise.name)
def test_translated_statement_keeps_its_facts(exercise: Exercise):
    """The translated statement has each budget's numbers, the first hint, and the hint command."""
    translate = Translations(ROOT, "zh-CN")(exercise.id)
    statement = "\n\n".join(
        translate(Message(text)) for text in catalogues.statement_texts(exercise)
    )
    hints = exercise.solution_literal("HINTS", ())

    assert "".join(translate(Message(hints[0])).split()) in "".join(statement.split())
    for function in exercise.spec.functions:
        for budget in function.budget:
            numbers = re.findall(r"\d+", str(budget.sentence()))
            assert [number for number in numbers if number not in statement] == []
    assert f"nox -s hint -- {exercise.name}" in statement
    assert not any(mark in statement for mark in (" ，", "。 ", ",。"))


def test_catalogues_are_no_exercises():
    """Folders of translations are not listed as exercises."""
    assert len(COURSE.exercises) == len(list((ROOT / "solutions").glob("[0-9]*/*.py")))


@pytest.mark.parametrize("exercise", COURSE.exercises, ids=lambda exercise: exercise.name)
def test_statements_spoil_nothing(exercise: Exercise):
    """Hints 2 and 3 are below solutions/, not below exercises/."""
    visible = file_of(exercise, "exercises", "zh-CN").read_text(encoding="utf-8")
    hidden = read_po(file_of(exercise, "solutions", "zh-CN"))

    for hint in exercise.solution_literal("HINTS", ())[1:]:
        assert hint not in visible
        assert hidden[hint] not in visible


def test_course_texts_are_translated_by_exercise(tmp_path: Path):
    """Each exercise has its own translations; another one's do not leak in."""
    for stem, translation in (("01_one", "一行"), ("02_two", "一排")):
        file = tmp_path / "solutions" / "01_x" / "zh-CN" / f"{stem}.po"
        file.parent.mkdir(parents=True, exist_ok=True)
        entry = f'msgid "one row"\nmsgstr "{translation}"\n'
        file.write_text(f'msgid ""\nmsgstr ""\n\n{entry}', encoding="utf-8")
    localize = Translations(tmp_path, "zh-CN")

    assert localize("01_x/01_one")(Case("one row", n=1).label) == "一行（n=1）"
    assert localize("01_x/02_two")(Case("one row").label) == "一排"
    assert localize("01_x/03_three")(Case("one row").label) == "one row"
    assert localize("")(Case("one row").label) == "one row"
    assert Translations(tmp_path, "en")("01_x/01_one")(Case("one row").label) == "one row"


# The choice of a language


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("zh-CN", "zh-CN"),
        ("zh_cn", "zh-CN"),
        ("zh", "zh-CN"),
        ("en", "en"),
        ("EN", "en"),
        ("xx", None),
        ("zh-TW", None),
        ("", None),
        ("../en", None),
    ],
)
def test_language_by_name(name, language):
    """A language is found however its name is written; unknown ones are not."""
    assert find_language(name) == language


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
    """LC_ALL before LC_MESSAGES before LANG; English if there is no catalogue."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("locale.getlocale", lambda: (None, None))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert locale_language() == language


# Sentences that programs read


def test_budget_sentences():
    """A budget's sentence is the one in the stub and in the check's id."""

    def slow_loop() -> None:
        """Stand in for a baseline."""

    for budget, sentence in (
        (Ops(1), "at most 1 op, not counting views"),
        (Ops("n + 3", views=True), "at most n + 3 ops, counting views"),
        (Memory("2 * output", at={"n": 3}), "at most 2 * output bytes of extra memory at n=3"),
        (Speedup(3, slow_loop, {"n": 5}), "at least 3x faster than the slow loop at n=5"),
        (HostSyncs(), "no host synchronization"),
        (HostSyncs(2), "at most 2 host synchronizations"),
        (Growth(1, "n", (1, 2, 3)), "allocated bytes grow at most like n^1"),
    ):
        assert str(budget.sentence()) == sentence
        assert CHINESE(budget.sentence()) != sentence


def test_comparison_in_chinese():
    """The longest chain of messages is translated completely: label, places, error, pattern."""
    expected = torch.arange(12.0).reshape(3, 4)
    got = expected.clone()
    got[2] += 1

    (difference,) = differences(got, expected)

    assert not re.search(r"[a-z]{2,}", CHINESE(difference.message))


# End to end


FAULTS = {
    "row_total": (
        """
        import torch

        def row_total(x):
            total = torch.zeros(x.shape[1])
            for row in x:
                total = total + row
            return total
        """,
        """
        def row_total(x):
            return x.sum(1)
        """,
        """
        def row_total(x):
            return x.sum(0, keepdim=True)
        """,
        """
        def row_total(x):
            x += 1
            return (x - 1).sum(0).detach()
        """,
        """
        def row_total(x):
            raise ValueError("no such luck")
        """,
    ),
    "halve": (
        "def halve(x):\n    return x * 3\n",
        "def halve(x:\n",
    ),
}


@pytest.mark.parametrize(
    ("name", "source"), [(name, source) for name, sources in FAULTS.items() for source in sources]
)
def test_chinese_report_has_all_that_english_has(judge: Judge, mini: Path, name, source):
    """Line numbers, groups, WHY and case are in both languages, because both render one result."""
    result = judge(source, name)
    english = result.as_json()
    translate = Translations(mini, "zh-CN")(result.id)
    chinese = result.as_json(translate)

    same = ("id", "axis", "verdict", "case", "device", "code", "figures", "line", "trap")
    for one, other in zip(english["checks"], chinese["checks"], strict=True):
        assert {key: one[key] for key in same} == {key: other[key] for key in same}
        assert bool(one["message"]) == bool(other["message"])
        assert bool(one["why"]) == bool(other["why"])
        assert one["values"].keys() == other["values"].keys()
        if one["message"]:
            assert one["message"] != other["message"]
            assert re.search(r"[\u4e00-\u9fff]", other["message"]), other["message"]
        for number in re.findall(r"\bline (\d+)", one["message"]):
            assert re.search(rf"第 {number} 行", other["message"]), other["message"]
    assert group_findings(result.failed)
    assert result.failed[0].line or result.state is State.ERROR


def test_twin_messages_are_translated(judge: Judge):
    """What the worker finds on the twin device arrives as data and is translated here."""
    result = judge(FAULTS["row_total"][0], "row_total")

    device = next(check for check in result.failed if check.axis == "device")
    assert "Expected all tensors to be on the same device" in str(device.message)
    assert "Expected all tensors to be on the same device" in CHINESE(device.message)
    assert "created a CPU tensor" in str(device.message)
    assert "生成了 CPU 张量" in CHINESE(device.message)
    assert device.line == 7


def test_grade_in_chinese(course: Path):
    """The whole report is in the language of --lang, or of the locale."""
    answer = course / "exercises" / "01_mini" / "02_halve.py"
    answer.write_text(answer.read_text().replace("raise NotImplementedError", "return x / 3  #"))

    by_option = torchkata(course, "grade", "halve", "--lang", "zh-CN", "--seed", "1")
    by_locale = torchkata(course, "grade", "halve", "--seed", "1", LC_ALL="zh_CN.UTF-8")

    assert by_option.returncode == by_locale.returncode == 1, by_option.stderr
    for text in (by_option.stdout, by_locale.stdout):
        assert "✗ 未通过" in text
        assert "数值" in text
        assert "1 个练习：未通过 1" in text
        assert "check" not in text


@pytest.mark.parametrize(
    "words", [["list"], ["grade"], ["hint", "halve"], ["show", "halve"], ["reset", "halve"]]
)
def test_unknown_language_is_a_usage_error(mini: Path, capsys: pytest.CaptureFixture[str], words):
    """Every command takes --lang; an unknown language is an error that lists the known ones."""
    assert main(["--course", str(mini), *words, "--lang", "tlh"]) == 2
    message = capsys.readouterr().err
    assert "There is no language 'tlh'" in message
    assert "en, zh-CN" in message


def test_statement_is_shown(capsys: pytest.CaptureFixture[str]):
    """`show` prints statement, signature and file, in the language of --lang."""
    assert main(["--course", str(ROOT), "show", "row_sum_fast", "--lang", "zh"]) == 0
    printed = capsys.readouterr().out

    assert re.search(r"[\u4e00-\u9fff]", printed)
    assert "def row_sum(x: Tensor) -> Tensor" in printed
    assert "exercises/04_operators/03_row_sum_fast.py" in printed


@pytest.mark.parametrize("exercise", COURSE.exercises, ids=lambda exercise: exercise.name)
def test_every_exercise_can_be_shown(exercise: Exercise):
    """`show` names everything that the exercise asks to define."""
    text = format_statement(exercise, Translator())

    assert "Budget" in text
    assert all(name in text for name in exercise.spec.names)


def test_statement_outlives_the_learners_edits(course: Path, capsys: pytest.CaptureFixture[str]):
    """Half-written code does not hide the statement; a file without it leads to a clear error."""
    exercise = Course(course).one("halve")
    original = exercise.stub_path.read_text()
    exercise.stub_path.write_text(original + "\ndef broken(:\n")
    first_line = original.split('"""')[1].strip().splitlines()[0]
    assert first_line in format_statement(exercise, Translator())

    exercise.stub_path.write_text("def halve(x):\n    return x\n")
    assert main(["--course", str(course), "show", "halve"]) == 1
    assert "02_halve.py" in capsys.readouterr().err


def test_untouched_exercise_is_todo(mini: Path, launcher: Launcher):
    """An untouched stub is *todo*, and its message can be rendered in every language."""
    exercise = Course(mini).one("halve")
    submission = Submission(source=exercise.stub_path.read_bytes(), file="x.py")
    result = grade_one(exercise, submission, launcher, Settings(seed=1))

    assert (result.state, str(result.message)) == (State.TODO, "Not started.")
    assert CHINESE(result.message) != "Not started."
