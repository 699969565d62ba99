"""Workflows, the development container, the hosted notebook, and systems that are refused."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
import yaml

from torchkata.cli.main import build_parser, main
from torchkata.course.catalogue import Course

ROOT = Path(__file__).resolve().parents[2]
NOXFILES = (ROOT / "noxfile.py", ROOT / "src/torchkata/instructor/kit/template/noxfile.py")


def test_workflow_covers_platforms_and_versions():
    """Linux, macOS and Windows; the oldest and the newest PyTorch; only sessions that exist."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())["jobs"]
    solutions = jobs["solutions"]["strategy"]["matrix"]["include"]
    sessions = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    oldest = re.search(r'"torch>=([\d.]+),', project)

    assert {job["os"].partition("-")[0] for job in solutions} == {"ubuntu", "macos"}
    assert jobs["windows"]["runs-on"] == "windows-latest"
    assert oldest is not None
    assert any(job["torch"].startswith(f"torch=={oldest[1]}") for job in solutions)
    assert any(job["torch"] == "torch" for job in solutions)
    engine = jobs["engine"]["strategy"]["matrix"]["include"]
    assert {"3.11", "3.14"} <= {each["python"] for each in engine}
    steps = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    for line in steps:
        for words in re.findall(r"nox -s ([a-z ]+)", line):
            assert all(re.search(rf"def {name}\b", sessions) for name in words.split())


def test_development_container_installs_the_course():
    """It installs the repository with a CPU build of PyTorch, and says what is limited there."""
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())

    assert "whl/cpu --editable '.[author]'" in container["postCreateCommand"]
    assert container["postCreateCommand"].endswith("kata doctor")
    assert container["image"].endswith(":3.12")


def test_hosted_notebook_uses_the_torch_that_is_there():
    """It is a valid notebook; torch is pinned, and its commands and exercise exist."""
    notebook = nbformat.read(ROOT / "notebooks/torchkata.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    names = {exercise.name for exercise in Course(ROOT).exercises}

    assert not any(cell.outputs for cell in notebook.cells if cell.cell_type == "code")
    assert any("torch=={importlib.metadata.version('torch')}" in cell for cell in code)
    assert any("--constraint constraints.txt $SOURCE" in cell for cell in code)
    for words in re.findall(r"^!(?:kata|torchkata) (.*)", "\n".join(code), re.MULTILINE):
        build_parser().parse_args(words.split())
    (graded,) = [cell.split()[1] for cell in code if cell.startswith("%%grade")]
    assert graded in names


@pytest.mark.parametrize("noxfile", NOXFILES, ids=("course", "kit"))
def test_windows_is_refused_before_a_download(
    noxfile: Path, monkeypatch: pytest.MonkeyPatch, tmp_path
):
    """The session ends with the command that installs WSL2, and makes nothing."""
    monkeypatch.setattr("nox.registry._REGISTRY", {})  # of other noxfiles in this process
    spec = importlib.util.spec_from_file_location("noxfile_on_windows", noxfile)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "torchkata-1-py3-none-any.whl").write_bytes(b"")
    (tmp_path / "pyproject.toml").write_bytes(b"")

    class Session:
        def error(self, text: str) -> None:
            raise RuntimeError(text)

    monkeypatch.setattr(module, "ROOT", tmp_path)
    for name in ("HOME", "VENV"):
        monkeypatch.setattr(module, name, tmp_path / "none", raising=False)
    monkeypatch.setattr(module, "os", type("os", (), {"name": "nt", "environ": os.environ}))

    with pytest.raises(RuntimeError, match="wsl --install"):
        module.install(Session())


def test_program_refuses_windows(course: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    """`kata` on Windows names WSL2 instead of a module that is missing there."""
    monkeypatch.setattr(sys, "platform", "win32")

    assert main(["--course", str(course), "list"]) == 1
    assert "wsl --install" in capsys.readouterr().err
