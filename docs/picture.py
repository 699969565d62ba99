"""Draw the README's picture: what a real grading of the slicing loop prints, as docs/verdict.svg.

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
ANSWER = """

def row_sum(x: Tensor) -> Tensor:
    total = torch.zeros(x.shape[1])
    for i in range(x.shape[0]):
        total += x[i]
    return total
"""


def printed() -> str:
    """Grade the loop that most people write first; return the terminal's text with its colours."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / EXERCISE
        file.parent.mkdir(parents=True)
        file.write_text("import torch\nfrom torch import Tensor\n" + ANSWER, encoding="utf-8")
        words = ["grade", "row_sum_fast", "--exercises", folder]
        code = (  # with colours, though nobody's terminal listens
            "import sys; from torchkata.report.console import Screen; start = Screen.__init__; "
            "Screen.__init__ = lambda self, *a, **k: start(self, *a, **{**k, 'color': True}); "
            f"from torchkata.cli.main import main; sys.exit(main({words!r}))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False, text=True,
            env={**os.environ, "COLUMNS": str(WIDTH), "LANG": "C.UTF-8"},
        )  # fmt: skip
        return done.stdout.replace(folder, "exercises").replace("\r", "")


def main() -> None:
    """Write the picture."""
    text = printed().partition("\n  Next:")[0].strip("\n") + "\n"
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text), soft_wrap=True)
    picture = console.export_svg(title="nox -s grade -- row_sum_fast")
    picture = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)  # nothing is fetched
    picture = picture.replace("Fira Code,", "").replace('"Fira Code", ', "")
    (ROOT / "docs" / "verdict.svg").write_text(picture, encoding="utf-8")
    print(f"{len(text.splitlines())} lines drawn")


if __name__ == "__main__":
    main()
