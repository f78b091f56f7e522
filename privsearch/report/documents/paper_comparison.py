"""Every published number beside the study's own, and the verdicts on the paper's claims, as files and tables."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
from rich.table import Table

from privsearch._util.numerals import signed
from privsearch.analysis.frames import records
from privsearch.analysis.learning import leakage_of_learnt
from privsearch.analysis.paper.cells import Cell, StudyCells, check_attack, paper_rows, title
from privsearch.analysis.paper.published import QUANTITIES, SOURCE, published_cells
from privsearch.analysis.paper.verdicts import Verdict
from privsearch.report.documents.paper_verdicts import verdicts_csv, verdicts_markdown
from privsearch.report.wording.formats import MISSING, console_table, markdown_table, with_spread
from privsearch.spec.columns import Column

_HEADER: Final = ("Table", "Dataset", "Configuration", "Quantity", "Published", "This study", "Difference", "in sd")


def compare_cells(frame: pd.DataFrame, attack: str = "svm") -> pd.DataFrame:
    """Return every number of the paper's Tables II and III beside the study's, one row a number, 195 in all.

    `difference` is our number minus the published one, a fraction; `difference_in_sd` is the difference in units of the
    joint spread, sqrt(sd_ours^2 + sd_published^2), both standard deviations over replicates. It is missing if the joint
    spread is missing or 0. `status` is the status of our trial, or "missing".

    Args:
        frame: the results table of one study; trials under another protocol are ignored.
        attack: the first part of the columns of the attack that is compared with the paper's.

    Raises:
        StudyError: no trial follows the paper's protocol, there are no numbers of that attack, or several
            configurations fill one cell.
    """
    frame = paper_rows(frame)
    check_attack(frame, attack)
    cells = StudyCells(leakage_of_learnt(frame))
    rows = [row for published in records(published_cells()) for row in _compared(published, cells, attack)]
    return pd.DataFrame(rows).astype({"weight_bit_width": "Int64", "n": "Int64"})


def write_comparison(folder: Path, cells: pd.DataFrame, claims: Sequence[Verdict], attack: str = "svm") -> list[Path]:
    """Write comparison.csv and .md (published numbers), claims.csv and .md (verdicts); return the files.

    Args:
        folder: where to; made if it is not there.
        cells: of `compare_cells`.
        claims: the verdicts on the paper's claims.
        attack: the name of the attack that is compared with the paper's.
    """
    texts = {
        "comparison.csv": cells.to_csv(index=False),
        "comparison.md": comparison_markdown(cells, attack),
        "claims.csv": verdicts_csv(claims),
        "claims.md": verdicts_markdown(claims, attack),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def comparison_markdown(cells: pd.DataFrame, attack: str) -> str:
    """Return all rows of `compare_cells` in Markdown."""
    return f"# The published numbers beside this study's\n\n{_notes(attack)}\n\n" + markdown_table(
        _HEADER, [_words(row) for row in records(cells)]
    )


def comparison_view(cells: pd.DataFrame, attack: str) -> Table:
    """Return a table of the rows of `compare_cells` that the study has a trial for, in 80 characters."""
    ours = cells[cells["status"] != "missing"]
    left = f" {len(cells) - len(ours)} of {len(cells)} published numbers have no counterpart in this study."
    shown = console_table("", *_HEADER[4:], title="Published numbers and this study's", caption=_notes(attack) + left)
    for (table, dataset), rows in ours.groupby(["table", "dataset"], sort=False):
        shown.add_row(f"Table {table}, {title(str(dataset))}", style="bold")
        previous = None
        for row in records(rows):
            _, _, configuration, *texts = _words(row, digits=3)
            if configuration != previous:
                shown.add_row(configuration)
            shown.add_row(f"  {texts[0]}", *texts[1:])
            previous = configuration
    return shown


def _compared(published: Mapping[str, Any], cells: StudyCells, attack: str) -> Iterator[dict[str, Any]]:
    axes = {axis: published[axis] for axis in ("dataset", "model", "weight_bit_width", "surrogate_gradient")}
    row = cells.find(Cell(**axes))
    for quantity in QUANTITIES:
        column = Column(attack, "auc") if quantity == "attack_auc" else Column(None, quantity)
        ours, sd = (row[str(column)], row[str(column.sd)]) if row else (None, None)
        difference = None if ours is None else ours - published[quantity]
        spread = None if sd is None else math.hypot(sd, published[str(Column(None, quantity).sd)])
        yield {
            "table": published["table"],
            **axes,
            "quantity": quantity,
            "published": published[quantity],
            "published_sd": published[str(Column(None, quantity).sd)],
            "status": row["status"] if row else "missing",
            "ours": ours,
            "ours_sd": sd,
            "n": None if ours is None or row is None else row["replicates"],
            "difference": difference,
            "difference_in_sd": difference / spread if difference is not None and spread else None,
        }


def _words(row: Mapping[str, Any], digits: int = 4) -> list[str]:
    """Return a row of `compare_cells` as the cells of a printed line."""
    width = row["weight_bit_width"]
    precision = "fp32" if width is None else f"w{width}"
    configuration = " ".join(filter(None, [row["model"].upper(), precision, row["surrogate_gradient"]]))
    ours = difference = in_sd = {"missing": MISSING, "completed": "not attacked"}.get(row["status"], row["status"])
    if row["ours"] is not None:
        ours = with_spread(row["ours"], row["ours_sd"], digits)
        difference = signed(row["difference"], digits)
        in_sd = "n/a" if row["difference_in_sd"] is None else signed(row["difference_in_sd"], 1)
    published = with_spread(row["published"], row["published_sd"], digits)
    return [
        *(row["table"], title(row["dataset"]), configuration, row["quantity"].replace("_", " ").replace("auc", "AUC")),
        *(published, ours, difference, in_sd),
    ]


def _notes(attack: str) -> str:
    return (
        f"Published: {SOURCE}. Fractions, mean ± standard deviation over replicates; attack AUC: ours of the attack "
        f"'{attack}'. Difference: ours minus the published one; in sd: divided by sqrt(sd_ours² + sd_published²), n/a "
        f"where that is 0 or unknown. {MISSING}: not in this study. How this study trained is in its sweep.yaml."
    )
