import json
from pathlib import Path

import pandas as pd
import pytest
from builders import make_completed, make_failed

from privsearch.analysis.frames import results_frame
from privsearch.report.documents.data_package import columns_page, data_package
from privsearch.report.outputs import TABLES

ROOT = Path(__file__).parents[3]


def test_the_page_is_made_from_the_code() -> None:
    """docs/columns.md says what the code says now."""
    assert (ROOT / "docs" / "columns.md").read_text() == columns_page()


def test_a_package_describes_the_columns_that_the_tables_have() -> None:
    """In their order, with a key of each table and the file that it is in."""
    tables = {name: table([make_completed("1" * 16), make_failed("2" * 16)]) for name, table in TABLES.items()}
    package = json.loads(data_package("mine", tables))
    assert package["title"] == "mine"
    for resource in package["resources"]:
        frame, fields = tables[resource["name"]], resource["schema"]["fields"]
        assert [field["name"] for field in fields] == list(frame.columns)
        assert all(field["description"] for field in fields)
        assert resource["path"] == f"{resource['name']}.csv"
        assert not frame.duplicated(resource["schema"]["primaryKey"]).any()


def test_a_column_without_a_description_fails_nothing() -> None:
    """It has any type."""
    frame = results_frame([make_completed("1" * 16)]).assign(nonsense=1)
    fields = json.loads(data_package("", {"results": frame}))["resources"][0]["schema"]["fields"]
    assert fields[-1] == {"name": "nonsense", "type": "any"}


def test_frictionless_finds_a_real_study_valid() -> None:
    """The standard's own validator reads every row of the kept study by its description."""
    frictionless = pytest.importorskip("frictionless", reason="needs frictionless, as of `uv sync`")
    study = ROOT / "studies" / "tabular"
    tables = {name: pd.read_csv(study / f"{name}.csv", low_memory=False) for name in TABLES}
    assert (study / "datapackage.json").read_text() == data_package("tabular", tables)
    report = frictionless.validate(str(study / "datapackage.json"))
    assert report.valid, report.flatten(["rowNumber", "fieldName", "message"])
