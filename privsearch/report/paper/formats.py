"""Numbers and rows of text in Markdown, LaTeX and the terminal."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.table import Table

MISSING: Final = "\N{EN DASH}"

_LATEX: Final = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"±": r"$\pm$", MISSING: "--"}
)


def with_spread(mean: float, sd: float | None, digits: int = 4) -> str:
    """A mean with its standard deviation, if it has one: `0.9534 ± 0.0120`.

    Four digits by default, as in the paper: the standard deviations on its large datasets begin in the fourth.
    """
    return f"{mean:.{digits}f}" if sd is None else f"{mean:.{digits}f} ± {sd:.{digits}f}"


def latex(text: str) -> str:
    """A text as LaTeX has to read it; a number below zero gets a minus sign, not a hyphen."""
    return re.sub(r"^-(?=\d)", "$-$", text.translate(_LATEX))


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as GitHub's Markdown has it."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def console_table(name: str, notes: str, header: Sequence[str]) -> Table:
    """An empty table for the terminal, with its first column to the left and no needless space."""
    table = Table(
        title=name,
        caption=notes,
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        caption_style="",
    )
    for column in header:
        table.add_column(column)
    return table
