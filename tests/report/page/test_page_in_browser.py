import base64
import copy
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from page_study import HOSTILE, OpenPage, searched_study
from playwright.sync_api import Locator, Page, expect

from privsearch._util.numerals import fixed, signed
from privsearch.report.page.budget import MOST_BYTES
from privsearch.report.page.columns import Columns
from privsearch.report.page.document import Document, build_document
from privsearch.report.page.importances import importances_section

pytestmark = pytest.mark.slow

SECTIONS: Final = ("verdict", "asked", "fronts", "leakage", "growth", "paper", "training", "failures", "again")


def _task(page: Page) -> Locator:
    return page.locator(".task").first


def _point(page: Page, trial_id: str) -> tuple[float, float]:
    """Where the point of a trial is on the screen."""
    plot = _task(page).locator(".plot")
    plot.scroll_into_view_if_needed()
    x, y = plot.evaluate(
        """(node, id) => {
          const page = JSON.parse(document.getElementById("document").textContent);
          const row = page.tasks[0].rows.trial_id.indexOf(id);
          const {xaxis, yaxis, _size} = node._fullLayout, box = node.getBoundingClientRect();
          for (const {customdata, x, y} of node.data) {
            const place = (customdata ?? []).indexOf(row);
            if (place >= 0) return [box.x + _size.l + xaxis.d2p(x[place]), box.y + _size.t + yaxis.d2p(y[place])];
          }
        }""",
        trial_id,
    )
    return float(x), float(y)


def _click(page: Page, trial_id: str) -> None:
    place = _point(page, trial_id)
    page.mouse.move(*place)
    page.wait_for_timeout(150)  # a click is on what the chart has noticed below the mouse, as a hand gives it time to
    page.mouse.click(*place)
    page.wait_for_timeout(350)  # a second click before that would be a double click


def _pinned(page: Page) -> list[str]:
    return _task(page).locator("button.pin[aria-pressed=true]").all_text_contents()


def _farthest_from_the_first(rows: Columns) -> int:
    """The row whose point lies farthest from the first one's: points that lie on each other cannot both be clicked."""
    x, y = (np.asarray(rows[column], float) for column in ("test_accuracy", "svm.excess_auc"))
    distances = [np.abs(values - values[0]) / max(np.ptp(values), 1e-9) for values in (x, y)]
    return int(np.argmax(np.hypot(*distances)))


def _without_bars(document: Document) -> Document:
    """The document with charts that no wide bar squeezes, so that points lie apart and can be pointed at."""
    tight = copy.deepcopy(document)
    rows = tight["tasks"][0]["rows"]
    for name in rows:
        if name.endswith(("_low", "_high", "_sd")):
            rows[name] = [None] * len(rows[name])
    for objective in tight["tasks"][0]["objectives"]:
        count = tight["tasks"][0]["num_candidates"]
        objective["bars"] = [rows[objective["column"]][:count]] * 2
    return tight


def test_every_section_is_there(open_page: OpenPage, document: Document) -> None:
    """The page draws all its sections from a file, loads nothing, and has no error; the charts are drawn."""
    page = open_page(document)
    assert [section.get_attribute("id") for section in page.locator("section").all()] == list(SECTIONS)
    assert page.locator("nav a").count() == len(SECTIONS)
    assert page.locator(".plot .main-svg").count() >= 4


def test_hovering_tells_the_configuration(open_page: OpenPage, document: Document) -> None:
    """The label of a point has its configuration and its numbers."""
    page, rows = open_page(_without_bars(document)), document["tasks"][0]["rows"]
    page.mouse.move(*_point(page, rows["trial_id"][0]))
    label = page.locator(".hoverlayer .hovertext").first
    label.wait_for()
    said = label.text_content() or ""
    assert rows["configuration"][0] in said
    assert f"test accuracy {rows['test_accuracy'][0]:.3f}" in said


def test_a_click_pins_and_a_second_compares(open_page: OpenPage, document: Document) -> None:
    """Two points that are clicked stand side by side, with the difference and its interval; a third click lets go."""
    page, rows = open_page(_without_bars(document)), document["tasks"][0]["rows"]
    other = _farthest_from_the_first(rows)
    first, second = rows["trial_id"][0], rows["trial_id"][other]
    _click(page, first)
    assert _pinned(page) == ["A"]
    _click(page, second)
    assert sorted(_pinned(page)) == ["A", "B"]
    compared = _task(page).locator(".compare")
    assert compared.locator("thead th").all_text_contents() == [
        "",
        "A",
        "B",
        "B \N{MINUS SIGN} A",
        "95 % interval",
        "verdict",
    ]
    accuracy = compared.locator("tbody tr", has=page.get_by_role("cell", name="test accuracy", exact=True))
    difference = rows["test_accuracy"][other] - rows["test_accuracy"][0]
    assert accuracy.locator("td").nth(3).text_content() == f"{difference:+.3f}".replace("-", "\N{MINUS SIGN}")
    verdict = accuracy.locator("td").nth(5).text_content() or ""
    assert verdict.startswith(
        ("not significant (n = ", "no spread: no test", "B is less accurate (", "B is more accurate (")
    )
    _click(page, first)
    assert _pinned(page) == ["A"]
    assert rows["configuration"][other] in (compared.text_content() or "")


def test_keys_alone_pin_and_unpin(open_page: OpenPage, document: Document) -> None:
    """The buttons of the table pin with Enter and let go with Enter, and what they did is said aloud."""
    page = open_page(document)
    button = _task(page).locator("button.pin").first
    button.focus()
    page.keyboard.press("Enter")
    assert _pinned(page) == ["A"]
    assert "pinned as A" in (page.locator("#live").text_content() or "")
    page.keyboard.press("Enter")
    assert _pinned(page) == []


def test_a_table_sorts_and_filters(open_page: OpenPage, document: Document) -> None:
    """A column is sorted by its button, both ways; filters take words and bounds."""
    page, rows = open_page(document), document["tasks"][0]["rows"]
    table = _task(page).locator("table.big")
    header = table.locator("th.col-test_accuracy")

    def accuracies() -> list[float]:
        return [float(text.split()[0]) for text in table.locator("tbody td.col-test_accuracy").all_text_contents()]

    header.get_by_role("button").focus()
    page.keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", "ascending")
    assert all(one <= next_one for one, next_one in pairwise(accuracies()))
    page.keyboard.press("Enter")
    expect(header).to_have_attribute("aria-sort", "descending")
    assert all(one >= next_one for one, next_one in pairwise(accuracies()))
    table.locator("[data-filter=configuration]").fill("snn")
    shown = table.locator("tbody td.col-configuration").all_text_contents()
    assert len(shown) == rows["model"].count("snn")
    table.locator("[data-filter=configuration]").fill("")
    bound = sorted(rows["test_accuracy"])[1]
    table.locator("[data-filter=test_accuracy]").fill(f"> {bound}")
    assert len(accuracies()) == sum(value > bound for value in rows["test_accuracy"])


def test_the_attacks_can_be_chosen(open_page: OpenPage, document: Document) -> None:
    """The leakage table shows one attack where that is asked for."""
    page = open_page(document)
    page.locator("#leakage [data-filter=attack]").select_option("loss")
    assert set(page.locator("#leakage tbody td.col-attack").all_text_contents()) == {"loss"}


def test_any_trial_and_attack_has_its_curves(open_page: OpenPage, document: Document) -> None:
    """Another trial, and another attack, draw other curves: a line a network, a line a target and the diagonal."""
    page = open_page(document)
    page.locator("#trial").select_option(document["curves"]["trials"][1]["trial_id"])
    plots = page.locator("#one-trial .plot")
    assert [plot.evaluate("node => node.data.length") for plot in plots.all()] == [4, 4, 3]
    page.locator("#attack").select_option("loss")
    assert "ROC curves of the attack loss" in (page.locator("#one-trial .plot").last.get_attribute("aria-label") or "")
    assert page.locator("#one-trial .plot").last.evaluate("node => node.layout.xaxis.type") == "log"


def test_the_verdict_comes_first(open_page: OpenPage, document: Document) -> None:
    """Each task has a line with its title in bold; the key and what privacy is judged by are directly below."""
    verdict = open_page(document).locator("main > section").first
    expect(verdict).to_have_id("verdict")
    ((task,), shown) = document["verdict"]["tasks"], document["verdict"]
    assert verdict.locator(".verdicts b").all_text_contents() == [task["title"]]
    assert verdict.locator(".verdicts span").all_text_contents() == [task["sentence"]]
    linked = verdict.locator(".verdicts a").get_attribute("href") or ""
    assert verdict.page.locator(f"article.task{linked}").count() == 1
    assert verdict.locator("p").all_text_contents() == [f"Key. {shown['notation']}", shown["judged"]]


def test_a_front_has_a_line_at_guessing_and_bars_within_the_range(open_page: OpenPage, document: Document) -> None:
    """Bars are the intervals that the document has worked out, which go no further than the range; a line is at 0."""
    sure = copy.deepcopy(document)
    rows, (accuracy, excess) = sure["tasks"][0]["rows"], sure["tasks"][0]["objectives"]
    assert all(0 <= low <= high <= 1 for low, high in zip(*accuracy["bars"], strict=True))
    rows["test_accuracy"][0], accuracy["bars"][0][0], accuracy["bars"][1][0] = 0.99, 0.94, 1.0
    rows["svm.excess_auc"][0], excess["bars"][0][0], excess["bars"][1][0] = 0.1, -0.05, 0.15
    plot = _task(open_page(sure)).locator(".plot")
    assert plot.evaluate("node => node.layout.shapes.map(({type, y0, y1}) => [type, y0, y1])") == [["line", 0, 0]]
    bars = plot.evaluate(
        """node => node.data.flatMap((trace) => (trace.customdata ?? []).flatMap((row, k) => row ? [] : [
          ["x", "y"].flatMap((way) => {
            const {array, arrayminus} = trace[`error_${way}`];
            return [trace[way][k] - arrayminus[k], trace[way][k] + array[k]];
          })]))"""
    )
    assert bars == [pytest.approx([0.94, 1.0, -0.05, 0.15])]
    key = _task(open_page(sure)).locator(".key").first.text_content() or ""
    assert "guessing: svm excess AUC 0" in key
    assert "svm excess AUC: 95 % interval of the mean" in key
    assert "test accuracy: 95 % interval of the mean" in key


def test_marks_are_judged_by_the_interval_of_the_mean(open_page: OpenPage, document: Document) -> None:
    """`~` where it contains 0.5, `!` where it lies below, and nothing where it lies above."""
    marked = copy.deepcopy(document)
    rows = marked["tasks"][0]["leakage"]["rows"]
    rows["auc_low"][:3], rows["auc_high"][:3] = [0.49, 0.40, 0.51], [0.6, 0.49, 0.7]
    rows["excess_auc_low"][:3], rows["excess_auc_high"][:3] = [-0.01, -0.40, 0.01], [0.6, -0.01, 0.7]
    page = open_page(marked)
    for column in ("auc", "excess_auc"):
        cells = page.locator(f"#leakage tbody td.col-{column}")
        assert [cells.nth(k).locator(".mark").text_content() for k in range(3)] == ["~", "!", ""]


def test_numbers_are_those_of_the_terminal(open_page: OpenPage, document: Document) -> None:
    """Rounded as the terminal rounds them: midway to the even digit, and no zero with a minus."""
    changed = copy.deepcopy(document)
    rows, values = changed["tasks"][0]["rows"], [0.5625, 0.4375, -0.0004, -0.5625]
    count = min(len(values), len(rows["trial_id"]))
    rows["svm.excess_auc"][:count] = values[:count]
    cells = open_page(changed).locator("#fronts tbody td.col-svm\\.excess_auc")
    shown = {(text or "").lstrip("~! ").split(" ")[0] for text in cells.all_text_contents()}
    minus = "\N{MINUS SIGN}"
    assert {signed(value).replace("-", minus) for value in values[:count]} <= {text.removeprefix("0") for text in shown}
    assert not any(text.endswith(f"{minus}0.000") for text in shown)


def test_columns_of_an_excess_add_up(document: Document) -> None:
    """The document has the figures of the terminal: the matched AUC less the placebo's is the excess as it is shown."""
    rows = document["tasks"][0]["rows"]
    triples = list(zip(*(rows[f"svm.{kind}_auc"] for kind in ("matched", "placebo", "excess")), strict=True))
    assert len(triples) > 1
    for matched, placebo, excess in triples:
        assert fixed(matched - placebo) == fixed(excess)
    assert any(value is not None for value in rows["svm.matched_auc_sd"])


def test_every_number_of_an_attack_has_its_interval(open_page: OpenPage, document: Document) -> None:
    """And the sample stands above the table, not only in what has to be opened first."""
    page = open_page(document)
    assert "targets per configuration, each with" in (
        page.locator("#leakage article .counts").first.text_content() or ""
    )
    for column in ("auc", "excess_auc", "advantage"):
        texts = page.locator(f"#leakage tbody td.col-{column}").all_text_contents()
        assert all("[" in text or text.endswith("\N{EN DASH}") for text in texts), column


@pytest.mark.parametrize("width", [390, 1280])
def test_what_scrolls_shows_it(open_page: OpenPage, document: Document, width: int) -> None:
    """The edges at which a table goes on are shaded, at the start the right one and at the end the left one."""
    wide = copy.deepcopy(document)
    names = wide["tasks"][0]["rows"]["configuration"]
    names[:] = [f"{name} {'and so on ' * 30}".strip().replace(" ", "\u00a0") for name in names]
    page = open_page(wide, viewport={"width": width, "height": 800})
    box = page.locator("#failures .edges, #leakage .edges").first
    shade = "(node, side) => getComputedStyle(node, side).opacity"
    expect(box).to_have_attribute("data-more", "right")
    page.wait_for_timeout(300)  # as the shade comes slowly
    assert box.evaluate(shade, "::after") == "1"
    expect(box.locator(".goes-on")).to_be_visible()
    box.locator(".scroll").evaluate("node => node.scrollTo(node.scrollWidth, 0)")
    expect(box).to_have_attribute("data-more", "left")
    page.wait_for_timeout(300)
    assert box.evaluate(shade, "::after") == "0"
    expect(box.locator(".goes-on")).to_be_hidden()


def test_what_fits_has_no_shade(open_page: OpenPage, document: Document) -> None:
    """A table that is not wider than the page does not seem to go on."""
    assert open_page(document).locator("#fronts .edges").first.get_attribute("data-more") == ""


def test_suggested_filters_leave_some_rows(open_page: OpenPage, document: Document) -> None:
    """Each filter suggests a value of its own column: typed in, it leaves some rows, and a bound not all of them."""
    page = open_page(document)
    table = _task(page).locator("table.big")
    fields = table.locator(".filters input")
    suggestions = [field.get_attribute("placeholder") or "" for field in fields.all()]
    assert len(set(suggestions)) >= 5
    for field, suggestion in zip(fields.all(), suggestions, strict=True):
        field.fill(suggestion)
        assert table.locator("tbody td.col-configuration").count() > 0, suggestion
        field.fill("")
    accuracy = table.locator("[data-filter=test_accuracy]")
    assert re.fullmatch(r"≥ [\d.]+", accuracy.get_attribute("placeholder") or "")


def test_numbers_stand_below_each_other(open_page: OpenPage, document: Document) -> None:
    """The decimal points of a column have one place, whatever the signs, digits and spreads of its numbers."""
    mixed = copy.deepcopy(document)
    rows = mixed["tasks"][0]["rows"]
    rows["seconds"][:4] = [1.26, 12.5, 345.0, 7.0]
    leakage = mixed["tasks"][0]["leakage"]["rows"]
    leakage["advantage"][:3] = [-0.02, 0.1, -0.3]
    page = open_page(mixed)
    places = """(cells) => cells.map((cell) => {
      const text = cell.lastChild, range = document.createRange(), dot = text.data.indexOf(".");
      range.setStart(text, dot);
      range.setEnd(text, dot + 1);
      return Math.round(range.getBoundingClientRect().left);
    })"""
    for cells in ("#fronts td.col-seconds", "#leakage td.col-advantage", "#leakage td.col-auc"):
        found = page.locator(f"{cells}.number").filter(has_text=".").evaluate_all(places)
        assert len(found) >= 4
        assert max(found) - min(found) <= 1, cells
    shown = page.locator("#fronts tbody td.col-seconds").all_text_contents()
    assert [text.strip() for text in shown[:3]] == ["1.3", "12.5", "345.0"]


def test_pictures_follow_the_theme(open_page: OpenPage, document: Document) -> None:
    """In the dark a figure of the paper has light ink, keeps its colours, and has no ground of its own."""
    path = '<path d="M0 0h9v9" style="stroke: #000000; fill: #E69F00"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{path}</svg>'
    figure = base64.b64encode(svg.encode()).decode()
    drawn = copy.deepcopy(document)
    drawn["paper"]["figures"] = [{"title": "A figure", "alt": "A square, orange with a black edge.", "svg": figure}]
    page = open_page(drawn, color_scheme="dark")
    picture = page.locator("#paper img")
    assert "000000" not in (picture.get_attribute("src") or "")
    assert "E69F00" in (picture.get_attribute("src") or "")
    page.locator("#theme").click()
    assert (picture.get_attribute("src") or "").endswith(figure)
    assert picture.evaluate("node => node.complete && node.naturalWidth") == 9


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out(open_page: OpenPage, document: Document, scheme: str) -> None:
    """On light and on dark pages all texts have a contrast of 4.5 at least, as WCAG 2 asks for."""
    page = open_page(document, color_scheme=scheme)
    colours = page.evaluate(
        """(names) => Object.fromEntries(names.map((name) =>
          [name, getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim()]))""",
        ["page", "card", "ink", "ink-soft", "link", "accent", "on-accent", "warn", "warn-page"],
    )
    pairs = [(text, page) for text in ("ink", "ink-soft", "link") for page in ("page", "card")]
    for text, below in [*pairs, ("on-accent", "accent"), ("warn", "warn-page")]:
        assert _contrast(colours[text], colours[below]) >= 4.5, (text, below)


def _contrast(one: str, other: str) -> float:
    """Source: WCAG 2.1, contrast ratio."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_light_and_dark_can_be_chosen(open_page: OpenPage, document: Document) -> None:
    """The page follows the system until the button is pressed; charts change with it, and models keep their colours."""
    page = open_page(document, color_scheme="dark")
    drawn = """() => {
      const {layout, data} = document.querySelector('.plot');
      return [layout.font.color, data.map((trace) => trace.marker?.color)];
    }"""
    ink, colours = page.evaluate(drawn)
    page.locator("#theme").click()
    assert "dark" not in (page.locator("html").get_attribute("class") or "")
    assert page.evaluate(drawn)[0] != ink
    assert page.evaluate(drawn)[1][:-1] == colours[:-1]


def test_a_phone_needs_no_scrolling_sideways(open_page: OpenPage, document: Document) -> None:
    """At 360 pixels nothing is wider than the page; what must be wide scrolls by itself."""
    page = open_page(document, viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_every_picture_has_words(open_page: OpenPage, document: Document) -> None:
    """Charts and images have texts in their place, and fields have names."""
    page = open_page(document)
    words = page.evaluate(
        "[...document.querySelectorAll('.plot, img')].map(n => n.getAttribute('aria-label') ?? n.alt)"
    )
    assert len(words) >= 4
    assert all(len(text) > 40 for text in words)
    nameless = """[...document.querySelectorAll('input, select, button')].filter(
      (node) => !node.labels?.length && !node.ariaLabel && !node.textContent.trim())"""
    assert page.evaluate(f"{nameless}.length") == 0


def test_the_paper_has_all_sections(open_page: OpenPage, document: Document) -> None:
    """Printed, the page is light, has every section and no controls, and is itself again afterwards."""
    page = open_page(document, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert "dark" not in (page.locator("html").get_attribute("class") or "")
    assert all(page.locator(f"#{name}").is_visible() for name in SECTIONS)
    assert not any(control.is_visible() for control in page.locator("button, select, input").all())
    widths = page.evaluate("[...document.querySelectorAll('.plot')].map(n => n._fullLayout.width)")
    assert set(widths) == {660}
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert "dark" in (page.locator("html").get_attribute("class") or "")
    assert page.pdf().startswith(b"%PDF")


def test_a_new_document_keeps_what_was_chosen(open_page: OpenPage, document: Document) -> None:
    """Drawn again with a newer document, the page keeps pins, filters and the trial that is shown."""
    page = open_page(document)
    _task(page).locator("button.pin").nth(1).click()
    _task(page).locator("[data-filter=configuration]").fill("ann")
    chosen = document["curves"]["trials"][2]["trial_id"]
    page.locator("#trial").select_option(chosen)
    page.evaluate("found => privsearch.render(found)", json.loads(json.dumps(document)) | {"made": "later"})
    assert "Made later" in (page.locator("#top").text_content() or "")
    assert page.locator("#trial").input_value() == chosen
    assert _task(page).locator("[data-filter=configuration]").input_value() == "ann"
    assert all("ANN" in words for words in _task(page).locator("tbody td.col-configuration").all_text_contents())
    assert not _task(page).locator(".compare .nothing").count()


def test_failures_are_told(open_page: OpenPage, document: Document) -> None:
    """A failed trial has its reason, attempts, evidence and traceback; what was not run is named."""
    page = open_page(document)
    said = page.locator("#failures").text_content() or ""
    for words in ("Failed trials: 1", "tried 3 times", "SIGKILL", "300 MB", "Traceback", "Not run yet: 1", "e" * 16):
        assert words in said


def _strangers(value: Any, key: str = "") -> Any:
    """A document in which every text is hostile that is no key of another part."""
    if isinstance(value, dict):
        return {name: _strangers(own, name) for name, own in value.items()}
    if isinstance(value, list):
        return [_strangers(own, key) for own in value]
    shown = {
        "title",
        "configuration",
        "label",
        "axis",
        "notes",
        "said",
        "tiers",
        "counts",
        "missing",
        "caption",
        "header",
        "alt",
        "help",
        "attacks",
        "attack",
        "words",
    }
    return HOSTILE + value if isinstance(value, str) and key in shown else value


def test_markup_is_shown_and_not_obeyed(open_page: OpenPage, document: Document) -> None:
    """Whatever texts are in the document, in tables, labels of charts, choices or comparisons, they stay texts."""
    hostile = _strangers(_without_bars(document))
    hostile["words"] = dict.fromkeys(document["words"], f"{HOSTILE}: {HOSTILE}")
    page = open_page(hostile)
    title = page.title()
    for button in _task(page).locator("button.pin").all()[:2]:
        button.click()
    page.mouse.move(*_point(page, document["tasks"][0]["rows"]["trial_id"][0]))
    page.locator(".hoverlayer .hovertext").first.wait_for()
    page.wait_for_timeout(200)
    assert page.title() == title
    assert page.locator("img[src=x], #main script").count() == 0
    assert HOSTILE.partition("\u2028")[0] in (
        _task(page).locator("tbody td.col-configuration").first.text_content() or ""
    )


def test_three_objectives_show_a_pair(open_page: OpenPage, document: Document) -> None:
    """Of three objectives two are drawn; another one can be chosen for either axis."""
    three = copy.deepcopy(document)
    three["tasks"][0]["objectives"].append(
        {
            "column": "train_accuracy",
            "label": "train accuracy",
            "axis": "train accuracy (fraction)",
            "direction": "maximize",
            "guess": None,
            "bar": "sd",
            "bars": [three["tasks"][0]["rows"]["train_accuracy"]] * 2,
        }
    )
    page = open_page(three)
    page.get_by_label("Across").select_option("2")
    assert _task(page).locator(".plot").evaluate("node => node.layout.xaxis.title.text") == "train accuracy (fraction)"


def test_importances_are_drawn_where_they_are_known(open_page: OpenPage, document: Document) -> None:
    """Each objective has a chart of the axes, the most important one on top, and words that tell what is chance."""
    table = pd.DataFrame(
        {
            "objective": ["test_accuracy"] * 2 + ["front"] * 2,
            "axis": ["model", "act_bit_width"] * 2,
            "importance": [0.9, 0.1, 0.6, 0.4],
            "low": [0.8, 0.0, 0.5, 0.3],
            "high": [1.0, 0.2, 0.7, 0.5],
            "chance": [0.3] * 4,
            "n": [4] * 4,
        }
    )
    known = copy.deepcopy(document)
    known["importances"] = [importances_section("iris, protocol paper", table)]
    plots = open_page(known).locator("#importances .plot")
    words = [plot.get_attribute("aria-label") for plot in plots.all()]
    assert words[0] == "Importance for test accuracy: model 0.900, act bit width 0.100 (within chance)."
    assert (words[1] or "").startswith("Importance for reaching the front: model 0.600")


def test_nothing_yet_is_a_page_too(open_page: OpenPage, document: Document) -> None:
    """A study without any result has a page that says so."""
    empty = copy.deepcopy(document)
    empty |= {"tasks": [], "words": {}, "importances": [], "growth": []}
    empty["curves"] = {"trials": [], "left_out": ""}
    empty["roc"] = {"trials": [], "left_out": []}
    empty["paper"] = {"figures": [], "tables": [], "missing": ["No trial has finished yet."]}
    said = open_page(empty).locator("#main").text_content() or ""
    assert re.search("No trial has finished yet.*No attack has a number yet.*No trial has completed yet", said)


def test_a_search_is_drawn(open_page: OpenPage, tmp_path: Path) -> None:
    """Crosses for what violates the constraint, the numbers of the proposals, and the growth, also in words."""
    page = open_page(build_document(searched_study(tmp_path / "s"), MOST_BYTES / 2))
    crosses = (
        _task(page)
        .locator(".plot")
        .evaluate("""node => node.data.filter(({marker}) => marker?.symbol === "x-thin-open").flatMap(({x}) => x)""")
    )
    assert len(crosses) == 5
    assert max(crosses) < 0.8
    assert "violates a constraint" in (_task(page).locator(".key").first.text_content() or "")
    numbers = _task(page).locator("tbody td.col-proposal").all_text_contents()
    assert sorted(map(int, numbers)) == [*range(6), *range(7, 13)]
    plot = page.locator("#growth .plot")
    assert (plot.get_attribute("aria-label") or "").startswith(
        "Hypervolume of iris, protocol paper after each of 12 trials. Hypervolume 0."
    )
    line, points = plot.evaluate("node => node.data.map(({x}) => x)")
    assert line[0] == 0
    assert line[-1] == 12
    assert points[0] == 6
    assert "ended: the budget of 12 trials is spent" in (page.locator("#asked").text_content() or "")
