"""Numbers and rows of text in Markdown, LaTeX and the terminal."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.table import Column, Table

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


def console_table(
    *header: Column | str, title: str = "", caption: str = "", gap: int = 2, show_edge: bool = False
) -> Table:
    """An empty table for the terminal, with its columns to the left and no needless space.

    Args:
        header: the columns, by name where they need nothing else.
        title: above the table.
        caption: below it.
        gap: spaces between columns; 1 where two would not fit into 80 characters.
        show_edge: whether an empty line sets the table apart from what stands above and below it.
    """
    return Table(
        *header,
        title=title,
        caption=caption,
        box=box.SIMPLE_HEAD,
        padding=(0, gap - 1, 0, 0),  # the box puts one space between columns
        pad_edge=False,
        show_edge=show_edge,
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        caption_style="",
    )
