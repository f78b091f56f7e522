"""The five pictures of docs/tour.md, made again: `python docs/tour/make.py STUDY`.

STUDY is what `privsearch sweep sweeps/quickstart.yaml --set 'datasets=[breast_cancer]' --set 'protocol={kind: halves,
networks: 8}'` made. It needs chromium, playwright and pillow.
"""

import io
import shutil
import sys
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Page, sync_playwright
from rich.console import Console

import privsearch
from privsearch.report.terminal.front import front_key, front_table

HERE: Final = Path(__file__).parent
WIDTH: Final = 1180
COLOURS: Final = 96


def save(name: str, png: bytes) -> None:
    """Write a picture with few colours, which its charts and its text do not need."""
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(HERE / f"{name}.png", optimize=True)


def part(page: Page, selector: str, most: int) -> bytes:
    """Return the picture of a part of the page, from its top down to so many pixels."""
    page.locator(selector).first.scroll_into_view_if_needed()
    page.wait_for_timeout(600)
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    top = box["y"] + page.evaluate("window.scrollY")
    clip = {"x": max(0, box["x"] - 12), "y": max(0, top - 8), "width": min(WIDTH, box["width"] + 24)}
    return page.screenshot(full_page=True, clip={**clip, "height": min(most, box["height"] + 16)})


def terminal(study: privsearch.Study) -> str:
    """Return the front as the terminal prints it, as a page."""
    (task,) = study.tasks()
    console = Console(record=True, width=92, file=io.StringIO(), highlight=False, markup=False)
    console.print(front_table(task, console.width), "")
    for line in front_key([task]):
        console.print(line)
    console.print("", *study.verdicts(), sep="\n")
    return console.export_html(inline_styles=True)


def main() -> None:
    """Make all five."""
    study = privsearch.load_study(sys.argv[1])
    report = privsearch.write_report(study, HERE / "report.html")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 900})
        page.set_content(terminal(study))
        save("1_terminal", page.locator("pre").screenshot())
        page.goto(report.as_uri())
        page.wait_for_selector(".plot .main-svg")
        save("2_verdict", part(page, "main > section", 640))
        pins = page.locator("article.task").first.locator("button.pin")
        pins.nth(0).click()
        pins.nth(1).click()
        save("3_front", part(page, "article.task", 1000))
        save("4_attacks", part(page, "#leakage", 760))
        save("5_trial", part(page, "#one-trial", 1120))
        browser.close()
    report.unlink()


if __name__ == "__main__":
    main()
