"""The report as one HTML file: page, pictures, style and script in it, nothing fetched."""

from torchkata.report.html.page import HtmlReport, cell_view, write_html

__all__ = ["HtmlReport", "cell_view", "write_html"]
