"""The report as one HTML file: page, pictures, style and script in it, nothing fetched."""

from torchkata.report.html.page import HtmlReport, write_html

__all__ = ["HtmlReport", "write_html"]
