"""Files of the course's folder, such as `random.py`, are not imported by the judge, but named."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import torchkata
from torchkata.cli.main import main
from torchkata.course.shadowing import refuse_shadowing_files, shadowing_files, shadowing_note
from torchkata.errors import KataError

ROOT = Path(__file__).resolve().parents[2]
NOXFILES = (ROOT / "noxfile.py", ROOT / "src/torchkata/instructor/kit/template/noxfile.py")


def test_shadowing_files_are_found(tmp_path: Path):
    """Modules and packages of Python and of libraries count; folders of data do not."""
    for name in ("random.py", "torch.py", "notes.py", "test.py", "json.txt"):
        (tmp_path / name).write_text("")
    for name in ("queue", "numpy"):
        (tmp_path / name).mkdir()
    (tmp_path / "queue/__init__.py").write_text("")

    assert shadowing_files(tmp_path) == ("queue", "random.py", "torch.py")
    assert shadowing_files(tmp_path / "none") == ()
    assert str(shadowing_note(tmp_path, tmp_path, tmp_path / "numpy")[0]).startswith(
        f"Rename queue, random.py and torch.py in {tmp_path}."
    )
    assert len(shadowing_note(tmp_path, tmp_path)) == 1


def test_module_is_safe_without_options(course: Path):
    """`python -m torchkata` without -P imports nothing of the working directory."""
    for name in ("random", "torch", "numpy", "json", "queue", "typing", "dataclasses", "argparse"):
        (course / f"{name}.py").write_text("raise SystemExit('imported by the judge')")
    environment = {name: os.environ[name] for name in os.environ if name != "PYTHONSAFEPATH"}
    packages = str(Path(torchkata.__file__).parents[1])

    done = subprocess.run(
        [sys.executable, "-m", "torchkata", "list", "--no-color"],
        cwd=course,
        env={**environment, "PYTHONPATH": packages},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "halve" in done.stdout


def test_processes_of_a_command_are_safe(course: Path, monkeypatch: pytest.MonkeyPatch):
    """Processes that a command starts, such as a pool's, do not import the working directory."""
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)

    main(["--course", str(course), "complete", "--", "grade", "ha"])

    assert os.environ["PYTHONSAFEPATH"] == "1"


@pytest.mark.parametrize("noxfile", NOXFILES, ids=("course", "kit"))
def test_sessions_are_safe(noxfile: Path):
    """Each Python that a noxfile starts gets -P or -I."""
    text = noxfile.read_text(encoding="utf-8")
    started = re.findall(r"(?:session\.run\(|pip = \[)\s*([^,\n]*, ?[^,\n]*)", text)

    assert len(started) >= 3
    assert all(
        words.startswith(("*SAFE_PYTHON,", 'sys.executable, "-I"', "*pip,")) for words in started
    ), started
    assert re.search(r'^SAFE_PYTHON = \(str\(PYTHON\), "-P"\)', text, re.MULTILINE)


def test_notebook_refuses_a_file_that_it_would_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A kernel imports from its folder: a file that hides a module is named before that."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    (tmp_path / "torch.py").write_text("")
    refuse_shadowing_files()  # torch is loaded already, from elsewhere

    (tmp_path / "wave.py").write_text("")
    with pytest.raises(KataError, match=r"Rename wave\.py in .* and restart the kernel\."):
        torchkata.load_ipython_extension(None)
    monkeypatch.setattr(sys, "path", sys.path[1:])
    refuse_shadowing_files()
