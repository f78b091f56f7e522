from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.decisions import GAINS, MadeUp, made_up
from benchmarks.racing import (
    EVENLY,
    FULL,
    MOST,
    RACES,
    RECORDED,
    RULES,
    document,
    drawn,
    front_error,
    measured_front,
    plot,
    raced,
    simulate,
)

ROOT = Path(__file__).parents[2]
TABLE = pd.read_csv(ROOT / "benchmarks" / "racing.csv")
BY_RULE = TABLE.set_index(["rule", "case"])


def test_the_document_has_the_table_that_was_simulated() -> None:
    """docs/racing.md shows what the program wrote, for every case and race."""
    assert list(BY_RULE.loc[FULL].index) == [*GAINS, *RECORDED]
    assert document(TABLE).strip() in (ROOT / "docs" / "racing.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RACES)
def test_a_race_is_as_sure_as_all_networks(rule: str) -> None:
    """The front is no further from the truth, and that of all networks more often than by as many networks evenly."""
    found = BY_RULE.loc[rule]
    assert (found["front_error_more"] < 0.0002).all()
    small = found.drop([case for case in found.index if case.startswith("cross")])
    assert small["same_front"].min() >= 0.95
    assert found["same_front"].min() > 0.75
    assert found["lost"].max() < 0.05
    assert (found["same_front"] > BY_RULE.loc[EVENLY, "same_front"] + 0.2).all()


def test_it_saves_most_where_there_is_much_to_put_out() -> None:
    """Half of the networks of the cross-product; next to nothing where all leak alike, and never more than all."""
    networks = BY_RULE.loc["race from 4", "networks"]
    assert networks.loc[[case for case in RECORDED if case.startswith("cross")]].max() < 0.55
    assert networks["nothing leaks"] > 0.85
    assert networks.max() <= 1


def test_the_table_is_what_the_program_gives(tmp_path: Path) -> None:
    """A few studies, simulated anew, come near the kept table; and they can be drawn."""
    fresh = simulate(20, seed=1, cases=["0.10", "spread", "halves, iris"])
    more = fresh.set_index(["rule", "case"])["networks"].sub(BY_RULE["networks"]).dropna()
    assert len(more) == 3 * len(RULES)
    assert more.loc[[*RACES]].abs().max() < 0.1
    assert [path.suffix for path in plot(fresh, tmp_path / "drawn")] == [".png", ".svg"]


@pytest.mark.parametrize("seed", range(3))
def test_a_race_sees_no_more_than_it_trains(seed: int) -> None:
    """Whatever the targets are that no configuration got: they make no difference."""
    study = made_up("0.10", MOST, np.random.default_rng(seed))
    end = raced(study, 4, widened=True)
    unseen = np.arange(MOST) >= end.targets[:, None]
    assert unseen.any()
    other = MadeUp(
        study.accuracy,
        study.leakage,
        np.where(unseen, 0.5, study.accuracies),
        np.where(unseen, 0.5, study.leakages),
    )
    again = raced(other, 4, widened=True)
    assert np.array_equal(again.targets, end.targets)
    assert np.array_equal(again.is_in, end.is_in)
    assert not (measured_front(study, end) & ~end.is_in).any()


def test_the_true_front_has_no_error() -> None:
    """One that lacks a part of it, or has what is beaten beside it, has one."""
    study = drawn("spread", np.random.default_rng(0))
    truth = ~np.array(
        [
            ((study.accuracy > accuracy) & (study.leakage < leakage)).any()
            for accuracy, leakage in zip(study.accuracy, study.leakage, strict=True)
        ]
    )
    assert front_error(study, truth) == 0
    assert front_error(study, np.ones_like(truth)) > 0
    lacking = truth & (np.cumsum(truth) > 1)
    assert front_error(study, lacking) > 0
