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
    """Return a mean with its standard deviation, if it has one: `0.9534 ± 0.0120`.

    The default is four digits, as the paper's standard deviations on large datasets begin in the fourth.
    """
    return f"{mean:.{digits}f}" if sd is None else f"{mean:.{digits}f} ± {sd:.{digits}f}"


def latex(text: str) -> str:
    """Escape a text for LaTeX; a negative number gets a minus sign in place of its hyphen."""
    return re.sub(r"^-(?=\d)", "$-$", text.translate(_LATEX))


def input_shape(shape: Sequence[int]) -> str:
    """Return the shape of an example: `30`, `3x32x32`, or over time `29 steps of 12`, `20 steps of 2x34x34`."""
    words = "x".join(map(str, shape[len(shape) % 2 == 0 :]))
    return words if len(shape) % 2 else f"{shape[0]} steps of {words}"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in GitHub's Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def console_table(
    *header: Column | str, title: str = "", caption: str = "", gap: int = 2, show_edge: bool = False
) -> Table:
    """Create an empty table for the terminal, with columns aligned left and little space.

    Args:
        header: the columns; a name is enough for a plain one.
        title: the text above the table.
        caption: the text below the table.
        gap: the spaces between columns; 1 if two would not fit into 80 characters.
        show_edge: True to set the table apart by an empty line above and below.
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
