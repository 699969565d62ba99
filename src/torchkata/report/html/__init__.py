"""The report as one self-contained HTML file."""

from torchkata.report.html.page import HtmlReport, notebook_cell

__all__ = ["HtmlReport", "notebook_cell"]
