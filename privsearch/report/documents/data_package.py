"""The tables of results described: a Data Package for programs, and a page for people."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from privsearch.analysis.dictionary import ColumnMeaning, column_meaning, measured_columns, own_columns
from privsearch.report.wording.formats import markdown_table

_PROFILE: Final = "https://datapackage.org/profiles/2.0/datapackage.json"
_RESOURCE: Final = "https://datapackage.org/profiles/2.0/dataresource.json"
_SCHEMA: Final = "https://datapackage.org/profiles/2.0/tableschema.json"

_ROWS: Final[Mapping[str, str]] = {
    "results": "A row for each trial: its configuration, and means over its targets with their spreads.",
    "targets": "A row for each target, an attacked network: its accuracies and the numbers of all attacks.",
    "slices": "A row for each trial, attack and slice of the examples.",
    "exposed": "A row for each of the most exposed examples of a trial and an attack.",
}

_KEYS: Final[Mapping[str, Sequence[str]]] = {
    "results": ["trial_id"],
    "targets": ["trial_id", "target"],
    "slices": ["trial_id", "attack", "slice"],
    "exposed": ["trial_id", "attack", "rank"],
}

_PAGE: Final = """# Columns

Every column of the tables of a study, with its unit and its meaning. All shares are fractions, and an empty cell is a
number that is not there: it has no meaning for this configuration, or some target has too few examples for it. Beside
the tables, `datapackage.json` says the same of the columns that the study has, as a
[Data Package](https://datapackage.org), which programs read:

```sh
pip install frictionless && frictionless validate studies/mine/datapackage.json
```

This page is made by `python -m privsearch.report.documents.data_package > docs/columns.md`, and a test holds it to
the code.
"""

_ENDINGS: Final = """Three endings make further columns of a number:

| ending | meaning |
|---|---|
| `_sd` | sample standard deviation over the targets, in `results.csv`; the same unit |
| `_low`, `_high` | ends of the 95 % interval, in `results.csv` of the mean, in `targets.csv` of one target's number |
"""


def data_package(title: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the tables of a study as the JSON of a Data Package with Table Schemas.

    Source: Data Package Standard, version 2.0 (https://datapackage.org/standard/). `unit` is a property of our own, as
    the standard has none.

    Args:
        title: the name of the sweep, or nothing.
        tables: the tables, by name.
    """
    resources = [_resource(table, frame) for table, frame in tables.items()]
    package = {"$schema": _PROFILE, **({"title": title} if title else {}), "resources": resources}
    return json.dumps(package, indent=1, ensure_ascii=False) + "\n"


def _resource(table: str, frame: pd.DataFrame) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "$schema": _SCHEMA,
        "fields": [_field(table, str(header)) for header in frame.columns],
        "primaryKey": _KEYS[table],
    }
    if table != "results":
        reference = {"resource": "results", "fields": ["trial_id"]}
        schema["foreignKeys"] = [{"fields": ["trial_id"], "reference": reference}]
    return {
        "$schema": _RESOURCE,
        "name": table,
        "type": "table",
        "path": f"{table}.csv",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "description": _ROWS[table],
        "schema": schema,
    }


def _field(table: str, header: str) -> dict[str, Any]:
    try:
        meaning = column_meaning(table, header)
    except KeyError:  # no sweep may fail for want of a description
        return {"name": header, "type": "any"}
    limits = {"minimum": meaning.minimum, "maximum": meaning.maximum, "enum": list(meaning.allowed) or None}
    constraints = {name: limit for name, limit in limits.items() if limit is not None}
    return {
        "name": header,
        "type": meaning.type,
        **({"unit": meaning.unit} if meaning.unit else {}),
        "description": meaning.meaning,
        **({"constraints": constraints} if constraints else {}),
    }


def columns_page() -> str:
    """Return docs/columns.md."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    yield _PAGE
    for table, rows in _ROWS.items():
        yield f"## {table}.csv\n\n{rows}\n"
        yield _markdown(own_columns(table))
        if table == "results":
            yield "Then come the [measured numbers](#measured-numbers).\n"
        if table == "targets":
            yield "Then come the [measured numbers](#measured-numbers) of this target.\n"
    of_target = {column.name: column for column in measured_columns("targets")}
    yield "## Measured numbers\n"
    yield (
        "In `results.csv` they are means over the targets, in `targets.csv` those of one target. Each attack has its "
        "own, such as `lira.auc`; `worst` is the strongest attack.\n"
    )
    yield _markdown([of_target.get(column.name, column) for column in measured_columns("results")])
    yield _ENDINGS


def _markdown(columns: Sequence[ColumnMeaning]) -> str:
    return markdown_table(["column", "type", "unit", "range", "meaning"], map(_cells, columns))


def _cells(column: ColumnMeaning) -> list[str]:
    least, most = (None if end is None else f"{end:g}" for end in (column.minimum, column.maximum))
    between = f"{least} to {most}" if most is not None else f"from {least}" if least is not None else ""
    values = ", ".join(f"`{value}`" for value in column.allowed)
    return [f"`{column.name}`", column.type, column.unit, values or between, column.meaning]


if __name__ == "__main__":
    print(columns_page(), end="")  # noqa: T201
