"""Draw the README's picture, docs/verdict.svg: the real output of grading a slicing loop.

.nox/kata/bin/python docs/picture.py
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]
EXERCISE = "04_operators/03_row_sum_fast.py"
WIDTH = 84
SUBMISSION = """

def row_sum(x: Tensor) -> Tensor:
    total = torch.zeros(x.shape[1])
    for i in range(x.shape[0]):
        total += x[i]
    return total
"""


def graded_output() -> str:
    """Grade the loop that most people write first, and return the terminal output with colors."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / EXERCISE
        file.parent.mkdir(parents=True)
        file.write_text("import torch\nfrom torch import Tensor\n" + SUBMISSION, encoding="utf-8")
        arguments = ["grade", "row_sum_fast", "--exercises", folder]
        code = (  # force colors, although the output is no terminal
            "import sys; from torchkata.report.console import Console; init = Console.__init__; "
            "Console.__init__ = lambda self, *a, **k: init(self, *a, **{**k, 'color': True}); "
            f"from torchkata.cli.main import main; sys.exit(main({arguments!r}))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False, text=True,
            env={**os.environ, "COLUMNS": str(WIDTH), "LANG": "C.UTF-8"},
        )  # fmt: skip
        return done.stdout.replace(folder, "exercises").replace("\r", "")


def main() -> None:
    """Write the picture."""
    text = graded_output().partition("\n  Next:")[0].strip("\n") + "\n"
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text), soft_wrap=True)
    picture = console.export_svg(title="nox -s grade -- row_sum_fast")
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)  # no web fonts
    picture = picture.replace("Fira Code,", "").replace('"Fira Code", ', "")
    (ROOT / "docs" / "verdict.svg").write_text(picture, encoding="utf-8")
    print(f"{len(text.splitlines())} lines drawn")


if __name__ == "__main__":
    main()
