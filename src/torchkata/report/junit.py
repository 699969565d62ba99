"""The report as JUnit XML: one suite per exercise, one test case per check."""

from __future__ import annotations

import os
import re
from typing import Final
from xml.etree import ElementTree as ET

from torchkata.course.atomic_write import replace_file
from torchkata.i18n import Translator, join
from torchkata.result import CheckResult, ExerciseResult, Localize, Report, State, Verdict

_FORBIDDEN: Final = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_BROKEN: Final = (State.ERROR, State.TIMEOUT)
_TAGS: Final = {
    State.TODO: "skipped",
    State.UNMEASURABLE: "skipped",
    State.FAILED: "failure",
    State.ERROR: "error",
    State.TIMEOUT: "error",
}


def write_junit(
    report: Report,
    path: str | os.PathLike[str],
    localize: Localize,
    *,
    folder: str = "exercises",
) -> None:
    """Write the report as JUnit XML, in one step.

    A failed check is a failure. Undecided checks and exercises that were not started are skipped.
    An exercise that crashed or timed out adds a test case with an error, named after its state.
    Test cases name the learner's file, and failures a line of it, so that editors can jump there.

    Args:
        report: The report to write.
        path: A file in an existing folder.
        localize: Returns the translator of an exercise.
        folder: The folder of the submissions.

    Raises:
        UsageError: The file can't be written.
    """
    root = ET.Element("testsuites", name="torchkata")
    for result in report.exercises:
        root.append(_suite(result, localize(result.id), f"{folder}/{result.id}.py"))
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    root.set("time", f"{sum(result.seconds for result in report.exercises):.3f}")
    ET.indent(root, " ")
    replace_file(path, ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _suite(result: ExerciseResult, translate: Translator, file: str) -> ET.Element:
    suite = ET.Element("testsuite", name=_legal(result.id), time=f"{result.seconds:.3f}")
    for check in result.checks:
        _add_check(suite, result, check, translate)
    unexplained = result.state is State.FAILED and not result.failed
    if not result.checks or result.state in _BROKEN or unexplained:
        message, tag = translate(result.message), _TAGS.get(result.state)
        _add_case(suite, result, result.state.value, message, tag=tag)
    for case in suite.iter("testcase"):
        case.set("file", _legal(file))
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(key, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(suite.findall("testcase"))))
    if result.output:
        ET.SubElement(suite, "system-out").text = _legal(result.output)
    return suite


def _add_check(
    suite: ET.Element, result: ExerciseResult, check: CheckResult, translate: Translator
) -> None:
    if check.verdict is Verdict.UNMEASURABLE:
        tag: str | None = "skipped"
    else:
        tag = "failure" if check.verdict is Verdict.FAILED else None
    message = translate(join(check.why, check.message_with_case))
    _add_case(suite, result, check.id, message, tag=tag, kind=check.axis, line=check.line)


def _add_case(
    suite: ET.Element,
    result: ExerciseResult,
    name: str,
    message: str,
    *,
    tag: str | None,
    kind: str = "",
    line: int = 0,
) -> None:
    case = ET.SubElement(suite, "testcase", classname=_legal(result.id), name=_legal(name))
    if line:
        case.set("line", str(line))
    if tag:
        outcome = ET.SubElement(case, tag, message=_legal(message))
        outcome.text = _legal(message)
        if tag != "skipped":
            outcome.set("type", kind or result.state.value)


def _legal(text: str) -> str:
    """Remove the characters that XML can't hold."""
    return _FORBIDDEN.sub("", text)
