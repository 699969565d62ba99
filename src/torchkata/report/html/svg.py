"""Matplotlib figures as inline SVG, with classes for the colors of the page's theme."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as ET

from torchkata.report.text import plain

# Matplotlib needs color values; each of these stands for a class of the page's style sheet.
INK: Final = "#000001"
MUTED: Final = "#000002"
GRID: Final = "#000003"
YOURS: Final = "#000004"
REFERENCE: Final = "#000005"
BASELINE: Final = "#000006"
SURFACE: Final = "#000007"
PASSED: Final = "#000008"
FAILED: Final = "#000009"
ERROR: Final = "#00000a"
TIMEOUT: Final = "#00000b"
UNMEASURABLE: Final = "#00000c"
TODO: Final = "#00000d"

_CLASSES: Final = {
    INK: "ink",
    MUTED: "muted",
    GRID: "grid",
    YOURS: "yours",
    REFERENCE: "reference",
    BASELINE: "baseline",
    SURFACE: "surface",
    PASSED: "passed",
    FAILED: "failed",
    ERROR: "error",
    TIMEOUT: "timeout",
    UNMEASURABLE: "unmeasurable",
    TODO: "todo",
}
_DPI: Final = 72  # a point per inch, which makes points the pixels of the SVG
_NUMBER: Final = re.compile(r"-?\d+\.\d+")
_FONT: Final = re.compile(r"([\d.]+)px")
_REFERENCE_ID: Final = re.compile(r"#([\w.-]+)")
_XLINK: Final = "{http://www.w3.org/1999/xlink}href"
_KEPT_STYLES: Final = frozenset(
    {"stroke-width", "stroke-dasharray", "stroke-linecap", "text-anchor"}
)


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A finished chart.

    Attributes:
        title: What is compared.
        svg: The SVG element, safe to insert into a page.
        description: What the chart shows, in one or two sentences.
    """

    title: str
    svg: str
    description: str


@contextmanager
def default_style() -> Iterator[None]:
    """Use default settings of matplotlib, whatever the user has configured."""
    import matplotlib as mpl  # noqa: PLC0415 - takes a second to import

    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams["svg.fonttype"] = "none"
        mpl.rcParams["svg.hashsalt"] = "torchkata"
        # Matplotlib measures text with its own fonts, which lack some scripts; browsers do not.
        warnings.simplefilter("ignore")
        yield


def new_figure(width: float, height: float) -> tuple[Any, Any]:
    """Return a figure and its axes, without spines and background; no global state is used.

    Args:
        width: In pixels.
        height: In pixels.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    axes = figure.add_axes((0, 0, 1, 1))
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.patch.set_visible(False)
    figure.patch.set_visible(False)
    axes.tick_params(which="both", length=0, pad=5, labelsize=11, labelcolor=MUTED)
    axes.set_axisbelow(True)
    return figure, axes


def draw_text(axes: Any, x: float, y: float, text: str, **options: Any) -> None:
    """Draw text literally, because a learner's text may look like a formula."""
    axes.text(x, y, text, **{"color": INK, "fontsize": 12, "parse_math": False, **options})


def to_svg(figure: Any, *, name: str, title: str, description: str) -> Chart:
    """Convert a figure to an element of a page.

    Args:
        figure: From `new_figure`.
        name: The start of all ids, unique on the page.
        title: What is compared.
        description: What the chart shows.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415

    file = io.StringIO()
    backend: Any = FigureCanvasSVG(figure)
    backend.print_svg(file, metadata={"Date": None})
    root = ET.fromstring(file.getvalue())  # noqa: S314 - matplotlib has written it
    for part in root.iter():
        part.tag = part.tag.rpartition("}")[2]
    _strip(root)
    used = {id_ for part in root.iter() for id_ in _references(part)}
    for part in list(root.iter()):
        _tidy(part, name, used)
    _flatten(root)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-t {name}-d")
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        root.insert(place, _element(tag, f"{name}-{tag[0]}", text))
    return Chart(title=title, svg=ET.tostring(root, encoding="unicode"), description=description)


def _element(tag: str, id_: str, text: str) -> ET.Element:
    element = ET.Element(tag, id=id_)
    element.text = plain(text)
    return element


def _strip(root: ET.Element) -> None:
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    for child in list(root):
        if child.tag == "metadata" or child.find("style") is not None:
            root.remove(child)


def _references(part: ET.Element) -> Iterator[str]:
    for key in (_XLINK, "clip-path"):
        yield from _REFERENCE_ID.findall(part.get(key, ""))


def _tidy(part: ET.Element, name: str, used: set[str]) -> None:
    """Replace colors with classes, styles with attributes, and prefix the ids."""
    part.text = part.text if part.tag in ("text", "tspan") else None
    part.tail = None
    id_ = part.attrib.pop("id", None)
    if id_ in used:
        part.set("id", f"{name}-{id_}")
    if link := part.attrib.pop(_XLINK, None):
        part.set("href", f"#{name}-{link[1:]}")
    if "d" in part.attrib:
        part.set("d", " ".join(part.attrib["d"].split()))
    classes = []
    for line in part.attrib.pop("style", "").split(";"):
        key, _colon, value = (half.strip() for half in line.partition(":"))
        if value in _CLASSES:
            classes.append(f"{key[0]}-{_CLASSES[value]}")
        elif key in ("font", "font-size") and (size := _FONT.search(value)):
            part.set("font-size", size[1])
        elif key in _KEPT_STYLES or value == "none":
            part.set(key, value)
    if classes:
        part.set("class", " ".join(classes))
    for key, value in part.attrib.items():
        if key not in ("id", "href", "class"):
            part.set(key, _NUMBER.sub(_rounded, value))


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".removesuffix(".0")


def _flatten(part: ET.Element) -> None:
    """Replace groups without attributes by their children."""
    children: list[ET.Element] = []
    for child in part:
        _flatten(child)
        bare = child.tag == "g" and not child.attrib
        children += list(child) if bare else [child]
    part[:] = children
