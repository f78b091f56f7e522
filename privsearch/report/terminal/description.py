"""A file of data described: its columns, its classes, what was found, and the entry that reads it."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Column
from rich.text import Text

from privsearch._util.text import printable
from privsearch.data.describe import FileDescription
from privsearch.report.terminal.data import class_words
from privsearch.report.wording.formats import console_table, input_shape


def description_lines(described: FileDescription) -> Iterator[RenderableType]:
    """Yield what is known of a file, in the order in which a reader wants it."""
    # Whatever a stranger's file has for names must not be obeyed by the terminal.
    yield from (shown(part) if isinstance(part, str) else part for part in _parts(described))


def shown(text: str) -> Text:
    """Return a text for the terminal, without what it would obey."""
    return Text(printable(text))


def _parts(described: FileDescription) -> Iterator[RenderableType]:
    what = "rows" if described.columns else "examples"
    yield f"{described.path}: {described.rows:,} {what}"
    if described.columns:
        numbers = (Column("missing", justify="right"), Column("different", justify="right"))
        table = console_table("column", "type", *numbers, "content", "note", gap=1, show_edge=True)
        for column in described.columns:
            counts = [f"{column.missing:,}" if column.missing else "", f"{column.distinct:,}"]
            table.add_row(*map(shown, (column.name, column.kind, *counts, column.content, column.note)))
        yield table
    if found := described.findings:
        shape = input_shape(found.input_shape)
        yield f"Classes: {class_words(found.class_sizes)}. A network's input: {shape}."
        if found.repeats:
            yield f"Examples that repeat an earlier one, inputs and class: {found.repeats.total:,}."
        yield from found.warnings
    yield from described.told
    if described.entry:
        yield "For a sweep file:"
        yield described.yaml
    elif not described.problem:
        yield "Say which column holds the class, with --label COLUMN, for its classes and the entry of a sweep file."
