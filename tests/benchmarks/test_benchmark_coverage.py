"""Tests of the simulation of how often intervals hold the truth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.coverage import NUM_TRAIN, SHARES, coverage_table, made_up_signals, owed_share
from privsearch.attacks.base import log_odds

KEPT = pd.read_csv(Path(__file__).parents[2] / "benchmarks" / "coverage.csv")


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_share_that_is_put_in_is_found(share: float) -> None:
    """What is owed to other examples shows in how the networks of a pair deviate in opposite directions."""
    rng = np.random.default_rng(0)
    halves = [rng.permutation(NUM_TRAIN) < NUM_TRAIN // 2 for _ in range(16)]
    is_member = np.array([row for half in halves for row in (half, ~half)])
    signals = made_up_signals(is_member, share, 0.3, rng)
    logits = signals.answers("final_mem", "plain")[:, 0, :NUM_TRAIN]
    of_label = np.take_along_axis(log_odds(logits), signals.labels[None, :NUM_TRAIN, None], axis=2)[..., 0]
    assert owed_share(of_label, is_member) == pytest.approx(share, abs=0.1)


def test_table_has_a_row_for_each_attack() -> None:
    """Every attack has the coverage and the width of every interval."""
    table = coverage_table(2, {4: (0.5,)})
    assert list(table.columns) == list(KEPT.columns)
    assert set(table["attack"]) == set(KEPT["attack"])


def test_kept_table_says_what_the_documents_say() -> None:
    """Intervals as they are given hold the truth about as often as they promise, and plain ones of LiRA do not."""
    assert {(k, share) for k, shares in SHARES.items() for share in shares} == set(
        zip(KEPT["networks"], KEPT["share"], strict=True)
    )
    strongest = KEPT["attack"] == "worst"
    # Of 60 to 100 cases, the share that holds has a standard error of 0.02 to 0.03.
    assert KEPT.loc[~strongest, "given"].min() >= 0.88
    assert KEPT.loc[strongest, "given"].min() >= 0.9
    assert (KEPT.groupby("attack")["given"].mean() >= 0.94).all()
    online = KEPT[KEPT["attack"] == "lira_shrunken"]
    assert online["none"].min() < 0.75
