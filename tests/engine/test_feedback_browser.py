"""The gradebook's pages in a real browser: a learner's feedback and the class report."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from classes import make_problem, mixed_class, store_class, write_outputs
from test_html_browser import CHROMIUM, DESK, DRIVER, PHONE, Browser

from torchkata.course.catalogue import Course
from torchkata.instructor.feedback.owned_folder import file_name

MINI = Path(__file__).parent / "course"
HOSTILE = ("<script>window.owned = 1</script>", "w" * 300, "希望" * 90, "../" * 40)
PAGES = ("class", "feedback")

pytestmark = [
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER),
        reason="no Chromium here: apt-get install chromium chromium-driver",
    ),
    pytest.mark.timeout(180),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("feedback")
    shutil.copytree(MINI, folder / "course")
    course = Course(folder / "course")
    class_ = mixed_class(course, [*HOSTILE, *(f"learner{n:02}" for n in range(20))])
    text = "\n".join(f"def f{n}(x):\n    return x.m{n}(x.n{n}, {n}) ** x.k{n}" for n in range(12))
    fields = {
        learner: {"problems": [make_problem(f"{learner}.zip: too large")], "late": True}
        for learner in HOSTILE
    }
    store_class(course, folder, class_, dict.fromkeys(HOSTILE, text), **fields)
    write_outputs(course, folder)
    started = Browser(folder / "profile", folder / "class.html")
    started.driver.set_script_timeout(100)
    started.pages = {
        "class": (folder / "class.html").as_uri(),
        "feedback": (folder / f"feedback/{file_name(HOSTILE[1])}.html").as_uri(),
    }
    yield started
    started.driver.quit()


@pytest.mark.parametrize("page", PAGES)
def test_pages_run_nothing_and_fit(browser: Browser, page: str) -> None:
    """Nothing is fetched, run or logged, and no page scrolls sideways."""
    browser.address = browser.pages[page]
    for width in (PHONE, DESK):
        browser.driver.get_log("browser")
        browser.look(width)
        browser.open_all()
        assert browser.driver.get_log("browser") == []
        assert browser.run("return performance.getEntriesByType('resource').length") == 0
        assert browser.run("return window.owned") is None
        visible, needed = browser.run(
            "const page = document.documentElement; return [page.clientWidth, page.scrollWidth]"
        )
        assert needed == visible > width - 20


@pytest.mark.parametrize("page", PAGES)
def test_pages_are_accessible(browser: Browser, page: str) -> None:
    """Contrast, names, roles, focus and structure are right in both themes and on all screens."""
    browser.address = browser.pages[page]
    for width, theme in ((PHONE, "light"), (DESK, "dark")):
        browser.look(width, theme)
        browser.open_all()
        assert browser.faults() == []


def test_class_report_links_to_feedback(browser: Browser) -> None:
    """A learner's name in the class report is a link to that learner's page."""
    browser.address = browser.pages["class"]
    browser.look(DESK)
    link = browser.driver.find_element("css selector", "main a[href^='feedback/']")
    name = link.text
    browser.driver.get(link.get_attribute("href"))
    whose = browser.driver.find_element("css selector", ".whose").text
    assert whose.startswith(name.rstrip("…"))
