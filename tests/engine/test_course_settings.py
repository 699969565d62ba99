"""`course.toml` and `tests/course_helpers/`: what an author decides for a whole course."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from torchkata.course import archive
from torchkata.course.catalogue import Course
from torchkata.course.files import open_course_files
from torchkata.course.helper_modules import install_helpers
from torchkata.course.packing import pack_course
from torchkata.course.sealing import unseal
from torchkata.course.settings import CourseSettings, read_settings
from torchkata.errors import CourseError
from torchkata.grading.grade import Settings, grade_one
from torchkata.grading.processes import Submission
from torchkata.instructor.course_bundle import course_files
from torchkata.instructor.gradebook.task import digest_grader
from torchkata.instructor.kit.build import build_kit
from torchkata.instructor.kit.writer import write_kit
from torchkata.result import State
from torchkata.sandbox.launcher import Launcher

GOOD = """
title = "Tensors"
language = "zh"
contact = "ada@example.org"
licence = "MIT"
deadline = 2026-05-01T23:59:00Z
requires = ["numpy>=1.26", "nothing>=9; python_version < '3'"]

[weights]
"01_mini" = 2
"01_mini/02_halve" = 0.5
"""


@pytest.fixture
def with_settings(course: Path) -> Callable[[str], Path]:
    """Return a function that gives the miniature course a `course.toml`."""

    def written(text: str) -> Path:
        (course / "course.toml").write_text(text)
        return course

    return written


def test_settings_are_read(with_settings: Callable[[str], Path], mini: Path):
    """All settings are optional; weights replace those of the specs, most specific first."""
    settings = read_settings(open_course_files(with_settings(GOOD)))

    assert settings.title == "Tensors"
    assert settings.language == "zh-CN"
    assert settings.deadline == datetime(2026, 5, 1, 23, 59, tzinfo=UTC)
    exercises = {each.name: each for each in Course(with_settings(GOOD)).exercises}
    assert exercises["halve"].spec.weight == 0.5
    assert exercises["row_total"].spec.weight == 2
    assert exercises["counter"].spec.weight == Course(mini).one("counter").spec.weight
    assert read_settings(open_course_files(mini)) == CourseSettings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("title = ", "course.toml is no valid TOML file:"),
        ("tilte = 'x'", "there is no setting 'tilte'. Settings: title, .* Did you mean 'title'?"),
        ("title = 7", "title: expected a text in quotes, got 7"),
        ("language = 'tlh'", "language: expected one of en, zh-CN, got 'tlh'"),
        ("deadline = 2026-05-01T23:59:00", "deadline: expected a time with time zone"),
        ("deadline = 'soon'", "deadline: expected a time with time zone"),
        ("weights = 3", r"weights: expected a table such as \[weights\], got 3"),
        ("[weights]\na = -1", "weights.a: expected a number of points, at least 0, got -1"),
        ("[weights]\na = true", "weights.a: expected a number of points"),
        ("requires = 'x'", "requires: expected a list of packages"),
        ("requires = ['a b c']", "requires: 'a b c' is no requirement"),
        ("requires = ['numpy>=99']", "This course needs numpy>=99. Install them in this .* pip"),
        ("requires = ['no-such-thing']", "This course needs no-such-thing."),
        ("[weights]\n'09_gone' = 1", "weights: there is no exercise or chapter '09_gone'"),
    ],
)
def test_wrong_settings_are_refused(with_settings: Callable[[str], Path], text, expected):
    """The message names the setting, what was expected and what was found."""
    with pytest.raises(CourseError, match=expected.replace("?", r"\?")):
        Course(with_settings(text))


def test_contact_is_named_if_the_course_is_at_fault(
    with_settings: Callable[[str], Path], launcher: Launcher
):
    """A learner who meets a fault of the course reads whom to tell."""
    root = with_settings(GOOD)
    (root / "tests/01_mini/test_02_halve.py").write_text("raise RuntimeError('oops')")
    submission = Submission(source=b"def halve(x):\n    return x / 2\n", file="02_halve.py")

    result = grade_one(Course(root).one("halve"), submission, launcher, Settings(seed=1))

    assert result.state is State.ERROR
    assert str(result.message).endswith("Please tell ada@example.org.")


# Helpers

HELPER = """
from torchkata import Case

def cases():
    return (Case("one", n=1), Case("many", n=20))

def half(x):
    return x / 2
"""


@pytest.fixture
def helped(course: Path) -> Path:
    """Return a course whose grader imports a helper, and sends one to the worker in a probe."""
    folder = course / "tests/course_helpers/more"
    folder.mkdir(parents=True)
    (folder / "shared.py").write_text(HELPER)
    grader = course / "tests/01_mini/test_02_halve.py"
    text = grader.read_text().replace(
        "import torch\n", "import torch\nfrom course_helpers.more.shared import cases, half\n"
    )
    text = text.replace('cases=(Case("one", n=1), Case("many", n=20)),', "cases=cases(),")
    text += """

def in_worker(kata, x):
    return half(x) - kata.halve(x)


def test_values_helper(submission):
    \"\"\"A helper runs in the worker.\"\"\"
    require(not submission.run(in_worker, torch.ones(3)).any(), _("Expected the half."))
"""
    grader.write_text(text.replace("from torchkata import ", "from torchkata import _, require, "))
    return course


@pytest.mark.parametrize("sealed", [False, True], ids=("folder", "kit"))
def test_graders_share_helpers(helped: Path, tmp_path: Path, launcher: Launcher, sealed):
    """Graders import helpers from the course, also from a sealed kit, and so do their probes."""
    root = helped
    if sealed:
        course = Course(helped)
        kit = build_kit(course, course.select(("halve",)), launcher)
        assert not [path for path in kit.files if "course_helpers" in path]
        root = tmp_path / "kit"
        write_kit(kit.files, root)
    submission = Submission(source=b"def halve(x):\n    return x / 2\n", file="02_halve.py")

    result = grade_one(Course(root).one("halve"), submission, launcher, Settings(seed=1))

    assert result.state is State.PASSED, result
    assert "halve::values[helper]" in " ".join(check.id for check in result.checks)


def test_helpers_of_courses_are_told_apart(helped: Path, mini: Path):
    """Each course has its own helpers; those of the last one do not stay."""
    install_helpers(open_course_files(helped))
    assert __import__("course_helpers.more.shared")
    install_helpers(open_course_files(mini))

    with pytest.raises(ImportError):
        __import__("course_helpers.more.shared")
    assert not [name for name in sys.modules if name.startswith("course_helpers")]


def test_packs_carry_helpers_and_settings(helped: Path):
    """Bundles and the wheel's course contain both; verdicts depend on helpers."""
    (helped / "course.toml").write_text(GOOD)
    shared = "tests/course_helpers/more/shared.py"
    exercise = Course(helped).one("halve")

    bundle = course_files(Course(helped), [exercise])
    packed = archive.read(pack_course(helped, "1.0"))

    assert {shared, "course.toml"} <= set(bundle)
    assert shared in unseal(packed["graders.sealed"])
    assert "course.toml" in packed
    before = digest_grader(exercise)
    (helped / shared).write_text(HELPER + "\n")
    assert digest_grader(exercise) != before


def test_edited_stubs_are_not_packed(course: Path):
    """A wheel never contains somebody's solution in place of a stub."""
    (course / "exercises/01_mini/02_halve.py").write_text("def halve(x):\n    return x / 2\n")

    with pytest.raises(ValueError, match=r"02_halve\.py is not the original stub\. Restore it"):
        pack_course(course, "1.0")
