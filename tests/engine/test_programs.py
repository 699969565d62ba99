"""The programs `kata` and `torchkata`: their verbs, and how messages spell commands for each."""

from __future__ import annotations

import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from torchkata.cli import main as command_line
from torchkata.cli.commands import COMMANDS
from torchkata.course.translations import Translations
from torchkata.i18n import Translator, verbatim
from torchkata.i18n.commands import KATA, NOX, TORCHKATA, spell_commands

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "kata", "torchkata"),
    [
        ("`nox -s hint -- halve 2`", "`kata hint halve 2`", "`torchkata hint halve 2`"),
        ("`nox -s grade -- halve`", "`kata halve`", "`torchkata grade halve`"),
        ("`nox -s grade`", "`kata`", "`torchkata grade`"),
        ("`nox -s list` shows", "`kata list` shows", "`torchkata list` shows"),
        ("run `nox\n-s hint -- a`.", "run `kata hint a`.", "run `torchkata hint a`."),
        ("nox -s grade -- --complete", "kata --complete", "torchkata grade --complete"),
        ("equinox -s grade", "equinox -s grade", "equinox -s grade"),
    ],
)
def test_commands_are_spelled_for_the_program(text, kata, torchkata):
    """Texts write commands for nox; readers see them for the program that they run."""
    assert spell_commands(text, NOX) == text
    assert spell_commands(text, KATA) == kata
    assert spell_commands(text, TORCHKATA) == torchkata


def test_translators_spell_commands(mini: Path):
    """Translators of the engine's and the course's texts spell commands, in every language."""
    message = verbatim("`nox -s hint -- halve`")

    assert Translator()(message) == "`nox -s hint -- halve`"
    for language in ("en", "zh-CN"):
        translations = Translations(mini, language, KATA)
        for exercise_id in ("", "01_mini/02_halve"):
            assert translations(exercise_id)(message) == "`kata hint halve`"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["grade"]),
        (["halve"], ["grade", "halve"]),
        (["--seed", "7"], ["grade", "--seed", "7"]),
        (["watch"], ["watch"]),
        (["hint", "halve"], ["hint", "halve"]),
        (["--help"], ["--help"]),
        (["--course", "there"], ["--course", "there", "grade"]),
        (["--course", "there", "list"], ["--course", "there", "list"]),
    ],
)
def test_kata_grades_without_a_verb(words, expected):
    """`kata` and `kata NAME` grade; all verbs work as they are."""
    assert command_line._with_verb(words) == expected


@pytest.mark.parametrize(
    ("program", "hint"), [("kata", "kata hint"), ("torchkata", "torchkata hint")]
)
def test_programs_name_themselves(
    course: Path, monkeypatch: pytest.MonkeyPatch, capsys, program, hint
):
    """A program's messages and help name that program."""
    monkeypatch.setattr(sys, "argv", [program, "--course", str(course), "hint", "halve", "2"])
    assert getattr(command_line, program)() == 0
    assert f"Next hint: `{hint} halve 3`" in capsys.readouterr().out

    monkeypatch.setattr(sys, "argv", [program, "--course", str(course), "hint"])
    assert getattr(command_line, program)() == 2
    assert f"Run `{program} hint --help` for help." in capsys.readouterr().err


def test_programs_are_installed():
    """The project file declares both; no verb is hidden by an exercise of the same name."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]

    assert set(scripts) == {"kata", "torchkata"}
    for target in scripts.values():
        module, _, name = target.partition(":")
        assert callable(getattr(import_module(module), name))
    names = {path.stem[3:] for path in ROOT.glob("exercises/*/[0-9]*.py")}
    assert not names & {command.name for command in COMMANDS}
