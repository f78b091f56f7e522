from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from builders import make_failed
from page_study import HOSTILE, OpenPage, sweep_of
from playwright.sync_api import Browser, Page

from privsearch.api.study import Study
from privsearch.api.sweeps import run_sweep
from privsearch.report.page.budget import MOST_BYTES
from privsearch.report.page.document import Document, build_document
from privsearch.report.page.html import render
from privsearch.study.environment import describe_environment
from privsearch.study.result import Death


class _Silent:
    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A real study with signals: four trials completed, one failed, whose texts are hostile, and one not run."""
    sweep = sweep_of("svm", "loss")
    made = Study(tmp_path_factory.mktemp("studies") / "tiny")
    run_sweep(sweep, study=made, runner="inline", progress=False)
    death = Death(
        cause="died", exit_code=None, signal="SIGKILL", log_tail=HOSTILE, peak_memory_bytes=3 * 10**8, seconds=2.0
    )
    failed = make_failed("f" * 16, protocol=sweep.protocol[0], weight_bit_width=2).model_copy(
        update={"message": HOSTILE, "traceback": HOSTILE, "host": HOSTILE, "attempts": 3, "death": death}
    )
    with made.record_path.open("a", encoding="utf-8") as file:
        file.write(failed.model_dump_json() + "\n")
    environment = describe_environment() | {"command": ["sweep", HOSTILE], "machine": {"host": HOSTILE}}
    made.begin(sweep, dict(made.load().trials) | {"f" * 16: "iris", "e" * 16: "iris"}, environment)
    return made


@pytest.fixture(scope="session")
def document(study: Study) -> Document:
    """That study as its page has it."""
    return build_document(study, MOST_BYTES / 2)


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[OpenPage]:
    """Open a document's page, or one that is there; at the end, the browser must have had nothing to complain about."""
    problems: list[str] = []
    pages: list[Page] = []

    def open_document(document: Document | Path, **options: object) -> Page:
        file = document if isinstance(document, Path) else tmp_path / f"report{len(pages)}.html"
        if not isinstance(document, Path):
            file.write_text(render(document), encoding="utf-8")
        page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}, **options})  # type: ignore[arg-type]
        page.on("console", lambda message: problems.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith(("file:", "data:", "blob:")) else problems.append(request.url)
            ),
        )
        page.on("requestfailed", lambda request: problems.append(f"failed: {request.url[:200]}"))
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-drawn]")
        pages.append(page)
        return page

    yield open_document
    for page in pages:
        said = page.locator("body").inner_text()
        problems += [f"shown: {word}" for word in ("[object", "undefined", "NaN") if word in said]
        page.close()
    assert problems == []
