"""The steps from raw data to a network's inputs, as plain values that go into JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from jaxtyping import Float
from numpy import ndarray as Array

from privsearch.data import RawDataset, load_dataset
from privsearch.data.delimited import Marks, marks_of
from privsearch.data.files import open_unpacked
from privsearch.data.splits import Splits
from privsearch.data.table_inputs import CategoryRule, NumberRule, scale_rules
from privsearch.data.tables import MISSING
from privsearch.models.encoding import Encoder
from privsearch.spec import Dataset, TableDataset, TrialSpec
from privsearch.spec.fixed_scaling import FixedScaling

MISSING_TEXTS: Final = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"),
    *("NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""The texts that pandas reads as a missing value."""

_KINDS: Final = {2: "table", 3: "sequences", 4: "images", 5: "frames"}
"""The kind of data by the number of axes of their array."""


def input_rules(raw: RawDataset, splits: Splits, spec: TrialSpec) -> dict[str, Any]:
    """Return all that turns an example, as it is in the data's file, into an input of one network, as plain values.

    Args:
        raw: the data as they were read.
        splits: the network's splits, by whose training split tables are scaled.
        spec: the trial, canonical.
    """
    rules: dict[str, Any] = {
        "kind": _KINDS[raw.x.ndim],
        "classes": list(raw.class_names),
        "shape": list(raw.x.shape[1:]),
    }
    if raw.x.ndim == 2:
        rules |= _table(raw, splits, spec.dataset)
    elif raw.x.ndim == 3:
        assert splits.unscaled is not None, "tables over time are standardised"
        train = splits.unscaled[: len(splits.y_train)]
        rules |= {"bits": _bits(raw), "columns": _numbers(_names(raw), scale_rules(train.reshape(-1, train.shape[2])))}
    elif raw.preprocessing is not None:
        rules["scaling"] = {"divide_by": 255, "mean": raw.preprocessing.mean, "std": raw.preprocessing.std}
    encoder = Encoder.of(spec, splits)
    if encoder.encoding != "direct":
        assert encoder.low is not None, "an encoder that is not direct has a range"
        assert encoder.high is not None, "an encoder that is not direct has a range"
        rules["encoding"] = {
            "kind": encoder.encoding,
            "low": encoder.low.tolist(),
            "high": encoder.high.tolist(),
            "num_steps": encoder.num_steps,
            **({"queries": spec.encoding_queries, "seed": spec.seed} if encoder.draws else {}),
        }
    return rules


def marks(dataset: Dataset) -> Marks:
    """Return how the data's file is written, if it is a table of text; else how new rows are to be."""
    if isinstance(dataset, TableDataset) and dataset.kind == "csv":
        path = Path(dataset.path)
        with open_unpacked(path) as file:
            return marks_of(file, path, dataset)
    return Marks("utf-8", ",", ".")


def _table(raw: RawDataset, splits: Splits, dataset: Dataset) -> dict[str, Any]:
    missing = [*MISSING_TEXTS, *(dataset.na_values if isinstance(dataset, TableDataset) else ())]
    rules: dict[str, Any] = {"has_names": bool(raw.column_names), "missing": missing}
    if isinstance(dataset, TableDataset) and dataset.columns is not None:
        rules["file_columns"] = list(dataset.columns)
    names = _names(raw)
    if raw.is_scaled:
        assert isinstance(dataset, TableDataset), "only tables have public ranges"
        assert dataset.scaling is not None, "a scaled table has public ranges"
        unscaled = load_dataset(dataset.model_copy(update={"scaling": None}))
        return {**rules, "bits": _bits(unscaled), "columns": _ranges(names, dataset.scaling)}
    assert splits.unscaled is not None, "a table that is not scaled beforehand is standardised"
    train: Float[Array, "train columns"] = splits.unscaled[: len(splits.y_train)]
    fitted = scale_rules(train) if raw.table_inputs is None else raw.table_inputs.rules(train)
    return {**rules, "bits": _bits(raw), "columns": _numbers(names, fitted)}


def _names(raw: RawDataset) -> list[str]:
    return list(raw.column_names) or [f"x{k}" for k in range(1, raw.x.shape[-1] + 1)]


def _bits(raw: RawDataset) -> int:
    """Return the bits that numbers are rounded to before they are scaled."""
    return 8 * raw.x.dtype.itemsize if raw.x.dtype == np.float32 else 64


def _numbers(names: Sequence[str], rules: "Sequence[NumberRule | CategoryRule]") -> list[dict[str, Any]]:
    return [{"name": name, **_column(rule)} for name, rule in zip(names, rules, strict=True)]


def _column(rule: "NumberRule | CategoryRule") -> dict[str, Any]:
    if isinstance(rule, NumberRule):
        column: dict[str, Any] = {"kind": "number", "mean": rule.mean, "scale": rule.scale}
        if rule.median is not None:
            column |= {"median": rule.median, "is_empty": rule.is_empty}
        return column
    return {
        "kind": "categories",
        "inputs": dict(zip(rule.names, rule.places, strict=True)),
        "rest": rule.rest,
        "missing": _name_of_missing(rule.names),
    }


def _name_of_missing(names: Sequence[str]) -> str | None:
    """Return the category of missing values, which has more brackets where another category is called so."""
    wrapped = [name for name in names if name.lstrip("(").rstrip(")") == MISSING.strip("()")]
    return max((name for name in wrapped if name.startswith("(")), key=len, default=None)


def _ranges(names: Sequence[str], scaling: FixedScaling) -> list[dict[str, Any]]:
    lows, highs = (end if isinstance(end, tuple) else (end,) * len(names) for end in (scaling.low, scaling.high))
    lows, highs = (ends * (len(names) // len(ends)) for ends in (lows, highs))
    return [
        {"name": name, "kind": "range", "low": low, "high": high}
        for name, low, high in zip(names, lows, highs, strict=True)
    ]
