"""The numbers of the paper's Tables II and III, as they are printed."""

from importlib.resources import files
from typing import Final

import pandas as pd

SOURCE: Final = "Moshruba et al. 2025, arXiv:2502.18623, Tables II and III"

QUANTITIES: Final = ("train_accuracy", "test_accuracy", "attack_auc")


def published_cells() -> pd.DataFrame:
    """Read the published tables, one row a configuration: 40 of Table II and 25 of Table III.

    `table` is "II" or "III"; `dataset`, `model`, `weight_bit_width` and `surrogate_gradient` are named and valued as in
    the results table, missing if they are full precision or have no effect. Each of `QUANTITIES` is a fraction (the
    paper prints accuracies in percent), with its standard deviation in `<name>_sd`.

    The paper trains its Table II with fast sigmoid, so the full-precision SNN with fast sigmoid stands in both tables,
    with different numbers (Iris: an AUC of 0.5728 and one of 0.654). Both are kept. A standard deviation of 0 is one
    that was printed as 0.00 %.

    Source: `SOURCE`.
    """
    with files(__package__).joinpath("published.csv").open(encoding="utf-8") as file:
        return pd.read_csv(file, dtype={"weight_bit_width": "Int64", "surrogate_gradient": "string"})
