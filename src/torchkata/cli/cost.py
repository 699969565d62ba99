"""The command `cost`: an exercise, or code of the user's own."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

from torchkata.cli.main import start_zygote
from torchkata.course.translations import Translations


def cost(options: argparse.Namespace, translations: Translations) -> int:
    """Show what each line costs.

    The modules that do it import torch. For an exercise, the zygote does so at the same time.
    """
    if is_own_code(options.name):
        own: int = import_module("torchkata.cli.file_cost").cost(options, translations)
        return own
    with ExitStack() as stack:
        options.zygote = start_zygote()
        if options.zygote is not None:
            stack.callback(options.zygote.close)
        code: int = import_module("torchkata.cli.exercise_cost").cost(options, translations)
        return code


def is_own_code(name: str) -> bool:
    """Return whether a name is `FILE.py:FUNCTION`, or a file that belongs to no exercise."""
    file, colon, _function = name.rpartition(":")
    return (bool(colon) and file.endswith(".py")) or (
        name.endswith(".py") and "exercises" not in Path(name).resolve().parts
    )
