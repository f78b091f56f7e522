import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

import pytest
from growing_study import GrowingStudy
from playwright.sync_api import Browser, Page, expect

from privsearch.report.page import following
from privsearch.report.page.following import StudyFollower
from privsearch.report.page.server import PageServer, address, listening

pytestmark = pytest.mark.slow

WITHIN_MS = 60_000


@pytest.fixture
def growing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GrowingStudy:
    """A study that is not there yet, and is drawn as soon as it changes."""
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(following, "LEAST_SECONDS", 0.0)
    monkeypatch.setattr(following, "REST_FOR_WORK", 0.0)
    return GrowingStudy(tmp_path / "study")


@contextmanager
def _serving(growing: GrowingStudy, listener: socket) -> Iterator[StudyFollower]:
    follower = StudyFollower(growing.study.path, whole=False)
    with PageServer(listener, follower) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield follower
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def problems() -> list[str]:
    """What the browser complains about."""
    return []


@pytest.fixture
def page(browser: Browser, problems: list[str]) -> Iterator[Page]:
    """An empty page."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="dark")
    opened.on("console", lambda message: problems.append(f"{message.type}: {message.text}"))
    opened.on("pageerror", lambda error: problems.append(f"error: {error}"))
    yield opened
    opened.close()


def _points(page: Page) -> int:
    """How many configurations the chart shows."""
    return int(
        page.locator(".task .plot").first.evaluate(
            "node => node.data.filter((t) => t.customdata).reduce((n, t) => n + t.x.length, 0)"
        )
    )


def test_a_page_follows_a_sweep_and_keeps_what_was_chosen(
    growing: GrowingStudy, page: Page, problems: list[str]
) -> None:
    """It draws each trial without being loaded again, and keeps the reader's choices; a server that is gone is told."""
    listener = listening(0)
    bar = page.locator("#follow")
    with growing.held(), _serving(growing, listener):
        page.goto(address(listener))
        expect(bar).to_contain_text("Waiting: no sweep has begun in", timeout=WITHIN_MS)
        expect(page.locator("#main")).to_contain_text("Nothing to show yet")
        growing.begin()
        growing.finish(2)
        expect(bar).to_contain_text("live: 2 of 6 trials, last ", timeout=WITHIN_MS)
        expect(page.locator("#live")).to_contain_text("live: ")
        assert _points(page) == 2
        page.evaluate("window.mark = 1")
        page.locator("button.pin").first.click()
        page.locator("#theme").click()
        task = page.locator(".task").first
        task.locator("[data-filter=configuration]").fill("epochs")
        task.locator("summary").last.click()
        page.locator("#training-title").scroll_into_view_if_needed()
        task.locator("[data-filter=configuration]").evaluate("node => node.focus({preventScroll: true})")
        page.evaluate("document.querySelector('#training').scrollIntoView()")
        top = page.locator("#training").bounding_box()
        growing.finish(3)
        expect(bar).to_contain_text("live: 5 of 6 trials, last ", timeout=WITHIN_MS)
        assert page.evaluate("window.mark") == 1
        assert _points(page) == 5
        assert page.locator("button.pin[aria-pressed=true]").all_text_contents() == ["A"]
        assert page.evaluate("document.documentElement.dataset.theme") == "light"
        assert page.evaluate("document.activeElement.dataset.filter") == "configuration"
        assert task.locator("[data-filter=configuration]").input_value() == "epochs"
        assert task.locator("details[open]").count() == 1
        now = page.locator("#training").bounding_box()
        assert top is not None
        assert now is not None
        assert abs(now["y"] - top["y"]) < 2
    assert problems == []
    expect(bar).to_contain_text("The server has stopped. What is shown is as of ", timeout=WITHIN_MS)
    assert _points(page) == 5
    assert [problem for problem in problems if "ERR_CONNECTION_REFUSED" not in problem] == []


def test_the_end_of_a_sweep_is_told(growing: GrowingStudy, page: Page, problems: list[str]) -> None:
    """Finished or not; and where the server ends with it, the page stops asking and stays as it is."""
    listener = listening(0)
    bar = page.locator("#follow")
    with _serving(growing, listener) as follower:
        with growing.held():
            growing.begin()
            growing.finish(4)
            page.goto(address(listener))
            expect(bar).to_contain_text("live: 4 of 6 trials", timeout=WITHIN_MS)
        expect(bar).to_contain_text("No sweep is running: 4 of 6 trials", timeout=WITHIN_MS)
        with growing.held():
            growing.finish(2)
            expect(bar).to_contain_text("live: 6 of 6 trials", timeout=WITHIN_MS)
        expect(bar).to_contain_text("The sweep has ended: 6 of 6 trials", timeout=WITHIN_MS)
        follower.end()
        expect(bar).to_contain_text("This page stays as it is", timeout=WITHIN_MS)
    page.wait_for_timeout(2500)
    expect(bar).to_contain_text("This page stays as it is")
    assert _points(page) == 6
    assert problems == []
