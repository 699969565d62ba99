"""The command `cost`: an exercise, or code of the user's own."""

from __future__ import annotations

import argparse
import re
from contextlib import ExitStack
from importlib import import_module

from torchkata.cli.main import start_zygote
from torchkata.course.translations import Translations

_OWN_CODE = re.compile(r".+\.py:[\w.]+|.+\.py")


def cost(options: argparse.Namespace, translations: Translations) -> int:
    """Show what each line costs.

    The modules that do it import torch. For an exercise, the zygote does so at the same time.
    """
    with ExitStack() as stack:
        options.zygote = start_zygote()
        if options.zygote is not None:
            stack.callback(options.zygote.close)
        code: int = import_module("torchkata.cli.exercise_cost").cost(options, translations)
        return code
