from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.decisions import CORRELATED, GAINS, RULES, TARGETS, document, knee, made_up, plot, simulate

ROOT = Path(__file__).parents[2]
TABLE = pd.read_csv(ROOT / "benchmarks" / "decisions.csv")
OF_RULE = TABLE[TABLE["rule"] == "pick"].set_index(["case", "targets"])


def test_the_document_has_the_table_that_was_simulated() -> None:
    """docs/choosing.md shows what the program wrote, for every case and number of targets."""
    assert list(OF_RULE.index) == [(case, targets) for case in GAINS for targets in TARGETS]
    assert document(TABLE).strip() in (ROOT / "docs" / "choosing.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", ["nothing leaks", CORRELATED])
def test_where_nothing_leaks_accuracy_is_not_given_away(case: str) -> None:
    """Less than 0.002 on average, and in at most 5 % of studies something is called less leaking."""
    null = OF_RULE.loc[case]
    assert null["accuracy_regret"].max() < 0.002
    assert null[["wrong", "wrong_single"]].to_numpy().max() <= 0.05


def test_more_targets_find_more() -> None:
    """Where something leaks less, it is found the oftener the more targets there are, and the larger it is."""
    for number in ("found", "found_single"):
        for case in ("0.02", "0.05", "0.10"):
            assert (np.diff(OF_RULE.loc[case, number]) > -0.01).all()
        for targets in TARGETS:
            of_sizes = OF_RULE.xs(targets, level="targets").loc[["0.02", "0.05", "0.10"], number]
            assert (np.diff(of_sizes) > -0.01).all()


def test_corrected_number_is_not_flattered_where_nothing_leaks() -> None:
    """There the plain one is off by up to 0.003."""
    null = OF_RULE.loc[["nothing leaks", CORRELATED]]
    assert null["bias"].abs().max() > 0.002
    assert null["shrunken_bias"].abs().max() < 0.0005


def test_the_table_is_what_the_program_gives(tmp_path: Path) -> None:
    """A few studies, simulated anew, come near the kept table; and they can be drawn."""
    fresh = simulate(40, seed=1)
    kept = TABLE.set_index(["case", "targets", "rule"])
    found = fresh.set_index(["case", "targets", "rule"])
    assert (found["accuracy_regret"] - kept["accuracy_regret"]).abs().max() < 0.012
    assert [path.suffix for path in plot(fresh, tmp_path / "drawn")] == [".png", ".svg"]


@pytest.mark.parametrize("seed", range(5))
def test_knee_is_on_the_front(seed: int) -> None:
    """No other configuration is better in both means."""
    study = made_up("spread", 5, np.random.default_rng(seed))
    accuracy, leakage = study.accuracies.mean(axis=1), study.leakages.mean(axis=1)
    chosen = knee(study)
    assert not ((accuracy > accuracy[chosen]) & (leakage < leakage[chosen])).any()
    assert set(RULES) == set(TABLE["rule"])
