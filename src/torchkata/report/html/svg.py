"""From a matplotlib figure to an inline SVG: colours of the page's theme, ids of its own."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as ET

from torchkata.report import text as units

# Matplotlib wants colours; each of these stands for one that the page's style sheet knows.
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

_NAMES: Final = {
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
_POINTS: Final = 72  # to the inch, and to matplotlib's SVG a point is a pixel
_NUMBER: Final = re.compile(r"-?\d+\.\d+")
_FONT: Final = re.compile(r"([\d.]+)px")
_USED: Final = re.compile(r"#([\w.-]+)")
_XLINK: Final = "{http://www.w3.org/1999/xlink}href"
_STYLED: Final = frozenset({"stroke-width", "stroke-dasharray", "stroke-linecap", "text-anchor"})


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A finished picture.

    Attributes:
        title: what kind of picture it is.
        svg: the element, to stand in a page as it is.
        words: what it shows, in a sentence or two.
    """

    title: str
    svg: str
    words: str


@contextmanager
def style() -> Iterator[None]:
    """Draw as this package ships, whatever the reader's own settings of matplotlib are."""
    import matplotlib as mpl  # noqa: PLC0415 - takes a second, and few need it

    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams["svg.fonttype"] = "none"
        mpl.rcParams["svg.hashsalt"] = "torchkata"
        # It measures text with fonts of its own, which lack some scripts; the browser's do not.
        warnings.simplefilter("ignore")
        yield


def blank(width: float, height: float) -> tuple[Any, Any]:
    """Start a picture with one pair of axes; no state outside of it is touched.

    Args:
        width: in pixels.
        height: in pixels.

    Returns:
        Matplotlib's figure and axes, bare.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    figure = Figure(figsize=(width / _POINTS, height / _POINTS), dpi=_POINTS)
    axes = figure.add_axes((0, 0, 1, 1))
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.patch.set_visible(False)
    figure.patch.set_visible(False)
    axes.tick_params(which="both", length=0, pad=5, labelsize=11, labelcolor=MUTED)
    axes.set_axisbelow(True)
    return figure, axes


def write(axes: Any, x: float, y: float, text: str, **how: Any) -> None:
    """Write text as it stands, for what looks like a formula in it may be a learner's."""
    axes.text(x, y, text, **{"color": INK, "fontsize": 12, "parse_math": False, **how})


def finished(figure: Any, *, name: str, title: str, words: str) -> Picture:
    """Turn a figure into an element of the page.

    Args:
        figure: from `blank`.
        name: unlike that of any other picture on the page; ids begin with it.
        title: what kind of picture it is.
        words: what it shows.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG  # noqa: PLC0415

    file = io.StringIO()
    backend: Any = FigureCanvasSVG(figure)
    backend.print_svg(file, metadata={"Date": None})
    root = ET.fromstring(file.getvalue())  # noqa: S314 - written by matplotlib, just now
    for part in root.iter():
        part.tag = part.tag.rpartition("}")[2]
    _strip(root)
    used = {found for part in root.iter() for found in _references(part)}
    for part in list(root.iter()):
        _tidy(part, name, used)
    _flatten(root)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-t {name}-d")
    for place, (tag, text) in enumerate((("title", title), ("desc", words))):
        root.insert(place, _element(tag, f"{name}-{tag[0]}", text))
    return Picture(title=title, svg=ET.tostring(root, encoding="unicode"), words=words)


def _element(tag: str, identity: str, text: str) -> ET.Element:
    made = ET.Element(tag, id=identity)
    made.text = units.plain(text)
    return made


def _strip(root: ET.Element) -> None:
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    for child in list(root):
        if child.tag == "metadata" or child.find("style") is not None:
            root.remove(child)


def _references(part: ET.Element) -> Iterator[str]:
    for key in (_XLINK, "clip-path"):
        yield from _USED.findall(part.get(key, ""))


def _tidy(part: ET.Element, name: str, used: set[str]) -> None:
    """Put classes in place of colours, attributes in place of style, and own ids."""
    part.text = part.text if part.tag in ("text", "tspan") else None
    part.tail = None
    identity = part.attrib.pop("id", None)
    if identity in used:
        part.set("id", f"{name}-{identity}")
    if link := part.attrib.pop(_XLINK, None):
        part.set("href", f"#{name}-{link[1:]}")
    if "d" in part.attrib:
        part.set("d", " ".join(part.attrib["d"].split()))
    classes = []
    for line in part.attrib.pop("style", "").split(";"):
        key, _, value = (word.strip() for word in line.partition(":"))
        if value in _NAMES:
            classes.append(f"{key[0]}-{_NAMES[value]}")
        elif key in ("font", "font-size") and (size := _FONT.search(value)):
            part.set("font-size", size[1])
        elif key in _STYLED or value == "none":
            part.set(key, value)
    if classes:
        part.set("class", " ".join(classes))
    for key, value in part.attrib.items():
        if key not in ("id", "href", "class"):
            part.set(key, _NUMBER.sub(_rounded, value))


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".removesuffix(".0")


def _flatten(part: ET.Element) -> None:
    """Leave out groups that group nothing."""
    children: list[ET.Element] = []
    for child in part:
        _flatten(child)
        bare = child.tag == "g" and not child.attrib
        children += list(child) if bare else [child]
    part[:] = children
