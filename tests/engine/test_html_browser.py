"""The HTML report in Chromium, with an accessibility checker.

These tests are skipped without Chromium and its driver:
`apt-get install chromium chromium-driver`.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_html_report import HOSTILE, MIXED, check, cost_row, english, exercise

from torchkata.report.html import HtmlReport
from torchkata.result import State

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver") or shutil.which("chromium.chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE, DESK = 360, 1280
WIDE = (
    exercise(
        f"10_hostile/{number:02}_x",
        State.FAILED,
        hostile,
        checks=(check("values", "failed", hostile + " ", case=hostile),),
        cost_table=(
            cost_row("yours", {hostile: 900}, ops=3, seconds_median=1e-3),
            cost_row(hostile, {"sum": 1}, ops=9, seconds_median=1),
        ),
        output=hostile,
    )
    for number, hostile in enumerate(HOSTILE)
)
EVERYTHING = dataclasses.replace(MIXED, exercises=(*MIXED.exercises, *WIDE))

pytestmark = [
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="Chromium is not installed: apt-get install chromium chromium-driver",
    ),
    pytest.mark.timeout(180),
]


class Browser:
    """Chromium with one page, at any size, in the light or the dark theme."""

    def __init__(self, profile: Path, file: Path) -> None:
        from selenium import webdriver  # noqa: PLC0415 - only if there is a browser
        from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        self.address = file.as_uri()
        self.send("Network.enable")
        self.send(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=0,
            uploadThroughput=0,
        )

    def send(self, command: str, **parameters: Any) -> None:
        self.driver.execute_cdp_cmd(command, parameters)

    def look(self, width: int, theme: str = "light", *, fragment: str = "") -> None:
        """Open the page again."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width == PHONE,
        )
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.send("Emulation.setEmulatedMedia", features=features)
        self.driver.get("about:blank")
        self.driver.get(self.address + fragment)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def open_all(self) -> None:
        self.run("document.querySelectorAll('details').forEach((part) => { part.open = true; })")

    def faults(self) -> list[str]:
        """Return the serious and critical faults that axe finds."""
        import axe_core_python  # noqa: PLC0415 - only if there is a browser

        script = Path(axe_core_python.__file__).parent / "axe.min.js"
        self.run(script.read_text(encoding="utf-8"))
        violations = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {resultTypes: ['violations']}).then("
            "(result) => done(result.violations), (error) => done([{id: String(error), "
            "impact: 'critical', nodes: []}]));"
        )
        return [
            f"{fault['id']}: {node['html'][:200]}"
            for fault in violations
            if fault["impact"] in ("serious", "critical")
            for node in [*fault["nodes"], {"html": ""}]
        ]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    file = folder / "report.html"
    HtmlReport(file, localize=english).write(EVERYTHING)
    started = Browser(folder / "profile", file)
    started.driver.set_script_timeout(100)
    yield started
    started.driver.quit()


def test_page_logs_and_fetches_nothing(browser: Browser) -> None:
    """The console is empty, nothing is fetched, and no text became a script."""
    browser.driver.get_log("browser")
    browser.look(DESK)
    assert browser.driver.get_log("browser") == []
    assert browser.run("return performance.getEntriesByType('resource').length") == 0
    assert browser.run("return window.owned") is None
    assert browser.driver.title == "1/20 · torchkata report"


@pytest.mark.parametrize("opened", [False, True])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_no_horizontal_scroll(browser: Browser, width: int, opened: bool) -> None:  # noqa: FBT001
    """The page is as wide as the window, whatever it contains, open or closed."""
    browser.look(width)
    if opened:
        browser.open_all()
    available, needed = browser.run(
        "const page = document.documentElement; return [page.clientWidth, page.scrollWidth]"
    )
    assert needed == available > width - 20  # a vertical scrollbar takes some


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_page_is_accessible(browser: Browser, width: int, theme: str) -> None:
    """Contrast, names, roles, focus and structure have no serious fault, in both themes."""
    browser.look(width, theme)
    browser.open_all()
    assert browser.faults() == []


def test_checker_finds_faults(browser: Browser) -> None:
    """The checker reports low contrast in the current theme, and a button without a name."""
    browser.look(DESK, "dark")
    browser.run("document.querySelector('h1').style.color = '#333'")
    browser.run("document.getElementById('open-all').textContent = ''")
    faults = {fault.partition(":")[0] for fault in browser.faults()}
    assert {"color-contrast", "button-name"} <= faults


def test_theme_button_overrides_the_system(browser: Browser) -> None:
    """The page uses the system's theme until the button is pressed, and then keeps the choice."""

    def shown() -> tuple[str, str]:
        background = browser.run("return getComputedStyle(document.body).backgroundColor")
        return background, browser.run("return document.getElementById('theme').ariaPressed")

    browser.look(DESK, "light")
    light = shown()
    browser.look(DESK, "dark")
    dark = shown()
    assert (light[1], dark[1]) == ("false", "true")
    assert light[0] != dark[0]
    browser.driver.find_element("id", "theme").click()
    assert shown() == light
    browser.look(DESK, "dark")
    assert shown() == light
    browser.driver.find_element("id", "theme").click()
    assert shown() == dark
    browser.run("localStorage.clear()")


def test_charts_follow_the_theme(browser: Browser) -> None:
    """In the dark theme, text in charts is light, and dots have the theme's colors."""
    colors = {}
    for theme in ("light", "dark"):
        browser.look(DESK, theme)
        colors[theme] = [
            browser.run(f"return getComputedStyle(document.querySelector('figure {part}')).fill")
            for part in ("text.f-ink", "use.f-yours")
        ]
    assert all(light != dark for light, dark in zip(*colors.values(), strict=True))
    red = int(colors["dark"][0].partition("(")[2].partition(",")[0])
    assert red > 200


def test_links_open_their_target(browser: Browser) -> None:
    """A link to a closed exercise opens it, also if the page is loaded with its fragment."""
    anchor = "01_basics--01_make_tensors"
    state = f"return document.getElementById('{anchor}').querySelector('details').open"
    browser.look(DESK)
    assert browser.run(state) is False
    browser.driver.find_element("css selector", f".stamps a[href='#{anchor}']").click()
    assert browser.run(state) is True
    browser.look(DESK, fragment=f"#{anchor}")
    assert browser.run(state) is True


def test_filter_hides_exercises_and_empty_chapters(browser: Browser) -> None:
    """The filter shows everything or one kind; `close all` closes every exercise."""
    shown = (
        "return [...document.querySelectorAll('.exercise h3')]"
        ".filter((head) => head.checkVisibility()).map((head) => head.textContent)"
    )
    browser.look(DESK)
    assert len(browser.run(shown)) == len(EVERYTHING.exercises)
    browser.driver.find_element("id", "show-passed").click()
    assert browser.run(shown) == ["make_tensors"]
    chapters = browser.driver.find_elements("css selector", ".chapter")
    assert [chapter.is_displayed() for chapter in chapters].count(True) == 1
    browser.driver.find_element("id", "show-todo").click()
    assert browser.run(shown) == ["derivative"]
    browser.driver.find_element("id", "show-all").click()
    browser.driver.find_element("id", "close-all").click()
    assert browser.run("return document.querySelectorAll('.exercise > details[open]').length") == 0


def test_keyboard_reaches_everything(browser: Browser) -> None:
    """The first tab stop skips to the exercises; focus is always visible; Enter opens."""
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415 - only if there is a browser

    browser.look(DESK)
    body = browser.driver.find_element("tag name", "body")
    body.send_keys(Keys.TAB)
    focused = browser.driver.switch_to.active_element
    assert focused.get_attribute("class") == "skip"
    assert focused.rect["y"] >= 0
    outlined = (
        "const look = getComputedStyle(document.activeElement.matches('.filter input')"
        "  ? document.activeElement.nextElementSibling : document.activeElement);"
        "return look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2"
    )
    stops = 0
    while browser.driver.switch_to.active_element.tag_name != "summary":
        assert browser.run(outlined)
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        stops += 1
        assert stops < 100
    summary = browser.driver.switch_to.active_element
    assert browser.run(outlined)
    summary.send_keys(Keys.ENTER)
    assert browser.run("return document.activeElement.parentElement.open") is True


def test_page_works_without_javascript(browser: Browser) -> None:
    """Without scripts, only the buttons are missing."""
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.look(PHONE)
        find = browser.driver.find_element
        assert not find("id", "theme").is_displayed()
        assert not find("id", "fold").is_displayed()
        assert find("css selector", ".exercise.failing .message").is_displayed()
        head = find("css selector", ".exercise.passed summary")
        inside = find("css selector", ".exercise.passed .body")
        assert not inside.is_displayed()
        head.click()
        assert inside.is_displayed()
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", value=False)
