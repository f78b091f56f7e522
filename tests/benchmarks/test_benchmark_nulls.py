from pathlib import Path

import pandas as pd
import pytest

from benchmarks.nulls import CASES, PROTOCOLS, at_null, audited, null_table, nulls_markdown
from privsearch.analysis.frames import results_frame

ROOT = Path(__file__).parents[2]
TABLE = pd.read_csv(ROOT / "benchmarks" / "nulls.csv", keep_default_na=True)


def deviations(table: pd.DataFrame) -> "pd.Series[float]":
    """How far each mean lies from its null, in standard errors; what never varies must be there exactly."""
    apart = (table["mean"] - table["guess"]).abs()
    return apart / table["standard_error"].clip(lower=1e-9)


def test_the_document_has_the_table_that_was_simulated() -> None:
    """docs/audit.md shows what the program wrote, for every protocol and every kind of data."""
    assert set(map(tuple, TABLE[["case", "protocol"]].drop_duplicates().to_numpy())) == {
        (case, protocol) for case in CASES for protocol in PROTOCOLS
    }
    assert nulls_markdown(TABLE).strip() in (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")


def test_every_number_is_at_its_null_unless_the_splits_differ() -> None:
    """In the kept table: within what chance gives the furthest of so many means; and a shifted split is seen."""
    means = at_null(TABLE[~TABLE["number"].isin(["epsilon_low"])])
    shifted = (means["case"] == "shifted") & (means["protocol"] == "paper, one split")
    assert deviations(means[~shifted]).max() < 4.5
    assert deviations(means[shifted]).max() > 10


def test_bounds_and_intervals_exceed_their_null_as_seldom_as_they_should() -> None:
    """A bound on epsilon in at most one case of 20; the interval of an excess too, where each replicate has a split."""
    told = at_null(TABLE)
    bounds = told[told["number"] == "epsilon_low"]
    assert (bounds["above"] <= 0.05 + 3 * (0.05 * 0.95 / bounds["n"]) ** 0.5).all()
    excess = told[told["number"].eq("excess_auc") & told["protocol"].eq("paper, resplit")]
    assert (excess["above"] <= 0.025 + 3.5 * (0.025 * 0.975 / excess["n"]) ** 0.5).all()


def test_the_interval_of_the_strongest_attack_exceeds_a_half_as_seldom_as_it_should() -> None:
    """Its mean lies above 0.5, being the highest of several; its interval does in one case of 40 at most."""
    worst = TABLE[TABLE["attack"].eq("worst") & TABLE["number"].eq("auc") & ~TABLE["protocol"].str.startswith("paper")]
    assert worst["mean"].between(0.5, 0.54).all()
    assert (worst["above"] <= 0.025 + 3 * (0.025 * 0.975 / worst["n"]) ** 0.5).all()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_table_is_what_the_program_gives(protocol: str) -> None:
    """A few cohorts, simulated anew: every number is near its null, and none is missing that the kept table has."""
    fresh = at_null(null_table(3, ("ties",), (protocol,)))
    kept = at_null(TABLE[(TABLE["case"] == "ties") & (TABLE["protocol"] == protocol)])
    names = [set(zip(t["attack"], t["number"], strict=True)) for t in (fresh, kept)]
    assert names[0] == names[1]
    means = fresh[fresh["number"] != "epsilon_low"]
    assert ((means["mean"] - means["guess"]).abs() < 6 * means["standard_error"] + 0.02).all()


def test_a_test_split_of_its_own_that_is_shifted_has_an_excess_without_any_leak() -> None:
    """Under `paper` with the data's own split; not where each replicate cuts all examples anew."""
    found = {
        protocol: results_frame([audited("shifted", protocol, seed, ("svm",)) for seed in range(2)])["svm.excess_auc"]
        for protocol in ("paper, one split", "paper, resplit")
    }
    assert found["paper, one split"].mean() > 0.05
    assert abs(found["paper, resplit"].mean()) < 0.05
