from pathlib import Path

import pytest
from playwright.sync_api import Browser

from privsearch.analysis.tasks import Task
from privsearch.report.figures.front_interactive import plot_front_interactive
from privsearch.report.figures.front_page import front_page


def test_a_page_is_small(small: Task) -> None:
    """It holds plotly's basic bundle, a quarter of the full one."""
    assert len(front_page(plot_front_interactive(small), "iris").encode()) < 1_300_000


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 23, 26)")])
def test_a_page_is_drawn_in_light_and_dark(
    small: Task, browser: Browser, tmp_path: Path, scheme: str, ground: str
) -> None:
    """It is drawn without an error on the ground that the system asks for, and changes with it."""
    file = tmp_path / "front.html"
    file.write_text(front_page(plot_front_interactive(small), "iris"), encoding="utf-8")
    page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(file.as_uri())
    drawn = "getComputedStyle(document.querySelector('#front .main-svg')).backgroundColor"
    assert page.evaluate(drawn) == ground
    # Six configurations, and the square around the one that pick takes.
    assert page.locator("#front .scatterlayer .point").count() == 7
    page.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    page.wait_for_function(f"{drawn} !== '{ground}'")
    page.close()
    assert problems == []
