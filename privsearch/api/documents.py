"""The calls that write what is sent to others: model cards, and the report as a PDF."""

from pathlib import Path
from tempfile import TemporaryDirectory

from privsearch.api.arguments import AnyStudy, open_study
from privsearch.api.views import output_of, write_report


def write_cards(
    study: AnyStudy,
    trial_id: str | None = None,
    to: Path | str | None = None,
    *,
    dataset: str | None = None,
    protocol: str | None = None,
) -> list[Path]:
    """Write the model card of one configuration, with its audit, or of each that `pick_trials` takes.

    A card is Markdown with the front matter of Hugging Face's hub. It names no row of the data.

    Args:
        study: the study, or its folder.
        trial_id: the id of a completed trial, the beginning of one, or the name of its configuration; by default what
            is taken of each dataset under each protocol.
        to: the file, if its name ends in `.md`, or the folder; by default `cards` in the study.
        dataset: the trial's dataset, where a name is that of several trials, or the only one that cards are written of.
        protocol: the same of its protocol.

    Returns:
        The files.

    Raises:
        StudyError: there is no such study or trial, it has no number of an attack, or the files cannot be written.
    """
    from privsearch.analysis.comparable import find_completed
    from privsearch.analysis.lookup import Within
    from privsearch.analysis.selection import select
    from privsearch.report.documents.card import write_card

    folder = open_study(study)
    content, asked = folder.load(), [trial_id]
    if trial_id is None:
        rows = [one.chosen for one in select(content, dataset=dataset) if one.chosen is not None]
        asked = [str(row["trial_id"]) for row in rows if protocol in (None, row["protocol"])]
    found = [find_completed(one, content.results, within=Within(dataset, protocol)) for one in asked if one]
    target = Path(to) if to else folder.outputs.cards
    with output_of(folder, target):
        return [write_card(target, content, result) for result in found]


def write_pdf(study: AnyStudy, path: Path | str | None = None, *, roc_trials: int | None = None) -> Path:
    """Write the report of a study as a PDF, as a browser prints it, and return its file.

    Args:
        study: the study, or its folder.
        path: the file; by default `report.pdf` in the study.
        roc_trials: the number of trials that get ROC curves, those on the fronts first.

    Raises:
        StudyError: the study cannot be read, the file cannot be written, or there is no browser that prints.
    """
    from privsearch.report.page.pdf import needed_browser, print_page

    folder, browser = open_study(study), needed_browser()
    to = Path(path) if path else folder.outputs.report.with_suffix(".pdf")
    with TemporaryDirectory(prefix="privsearch-") as scratch:
        page = write_report(folder, Path(scratch) / "report.html", roc_trials=roc_trials)
        with output_of(folder, to):
            return print_page(browser, page, to)
