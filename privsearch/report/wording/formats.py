"""Numbers and rows of text in Markdown, LaTeX and the terminal."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Column, Table
from rich.text import Text

from privsearch._util.numerals import fixed

MISSING: Final = "\N{EN DASH}"

LINE: Final = 80
"""The most columns of a line of prose, which is hard to read where it is longer."""

_LATEX: Final = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"±": r"$\pm$", MISSING: "--"}
)


def with_spread(mean: float, sd: float | None, digits: int = 4) -> str:
    """Return a mean with its standard deviation, if it has one: `0.9534 ± 0.0120`.

    The default is four digits, as the paper's standard deviations on large datasets begin in the fourth.
    """
    return fixed(mean, digits) if sd is None else f"{fixed(mean, digits)} ± {fixed(sd, digits)}"


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


class TableWithNotes(Table):
    """A table whose title and caption are as wide as the terminal, and not as narrow as its columns may be."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Render the title, the columns, and the caption."""
        title, caption, prose = self.title, self.caption, options.update(width=min(options.max_width, LINE))
        self.title = self.caption = None
        try:
            if title:
                yield from console.render(Text(str(title), self.title_style or ""), prose)
            yield from super().__rich_console__(console, options)
            if caption:
                yield from console.render(Text(str(caption), self.caption_style or ""), prose)
        finally:
            self.title, self.caption = title, caption


def console_table(
    *header: Column | str, title: str = "", caption: str = "", gap: int = 2, show_edge: bool = False
) -> Table:
    """Create an empty table for the terminal, with columns aligned left and little space.

    Title and caption are wrapped where the terminal ends, at most at 80 columns, however narrow the table is.

    Args:
        header: the columns; a name is enough for a plain one.
        title: the text above the table.
        caption: the text below the table.
        gap: the spaces between columns; 1 if two would not fit into 80 characters.
        show_edge: True to set the table apart by an empty line above and below.
    """
    return TableWithNotes(
        *header,
        title=title,
        caption=caption,
        box=box.SIMPLE_HEAD,
        padding=(0, gap - 1, 0, 0),  # the box puts one space between columns
        pad_edge=False,
        show_edge=show_edge,
        title_style="bold",
        caption_style="",
    )


def narrowed(headers: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    """Return the rows of a table with a gap of 1 so that they fit: spreads go below their numbers if they must.

    Args:
        headers: the names of the columns, which are broken over two lines at their first space.
        rows: the cells.
        width: the characters of a line.
    """
    widths = [max((cell_len(cell) for cell in column), default=0) for column in zip(*rows, strict=True)]
    names = [max(map(len, re.split("[ \n]", header, maxsplit=1))) for header in headers]
    fits = sum(map(max, widths or names, names)) + len(headers) - 1 <= width
    return [[cell if fits else _stacked(cell) for cell in row] for row in rows]


def _stacked(cell: str) -> str:
    """Put an interval or a standard deviation below its number."""
    return cell.replace(" [", "\n[").replace(" ± ", "\n± ")
