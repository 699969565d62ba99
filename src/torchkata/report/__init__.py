"""Reports of results: terminal, JSON, JUnit and HTML."""

from torchkata.report.json_report import write_json
from torchkata.report.junit import write_junit
from torchkata.report.terminal import TerminalReport

__all__ = ["TerminalReport", "write_json", "write_junit"]
