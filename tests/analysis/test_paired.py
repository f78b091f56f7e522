import numpy as np
import pytest
from scipy import stats

from privsearch.analysis.paired import equivalence, error_factor, mean_difference, pair_correlation
from privsearch.spec import TrialSpec


def test_interval_and_p_value_are_those_of_the_paired_t_test() -> None:
    """For the differences 1, 2, 3: t = 2 / (1 / sqrt 3) on 2 degrees of freedom, from a printed table."""
    found = mean_difference(np.array([[1.0, 2.0, 3.0]]))
    half_width = 4.302653 / np.sqrt(3)
    assert [*found.mean, *found.low, *found.high] == pytest.approx([2, 2 - half_width, 2 + half_width], abs=1e-5)
    assert found.p == pytest.approx(1 - np.sqrt(12 / 14), abs=1e-9)


def test_mean_at_the_bar_is_no_evidence() -> None:
    """The test is against the bar, wherever that is."""
    assert mean_difference(np.array([[1.0, 2.0, 3.0]]), bar=2.0).p == pytest.approx(1.0)


@pytest.mark.parametrize("values", [[0.1], [1 / 30, 1 / 30, 0.1 / 3]], ids=["one pair", "no spread"])
def test_pairs_without_spread_have_a_mean_alone(values: list[float]) -> None:
    """One pair, or pairs that agree up to rounding, are no certainty."""
    found = mean_difference(np.array([values]))
    assert found.mean == pytest.approx(np.mean(values))
    assert np.isnan([found.low, found.high, found.p]).all()


def test_missing_pair_leaves_the_other_comparisons_alone() -> None:
    """A comparison with a missing number says nothing, and its neighbour what it says by itself."""
    whole = np.array([1.0, 2.0, 4.0])
    both = mean_difference(np.stack([np.array([1.0, np.nan, 4.0]), whole]))
    assert np.isnan([both.mean[0], both.low[0], both.p[0]]).all()
    assert both.p[1] == mean_difference(whole[None]).p[0]


@pytest.mark.parametrize("correlation", [0.0, 1 / 3])
def test_interval_and_p_value_have_the_same_correction(correlation: float) -> None:
    """The interval of a family excludes the bar where its p-value, times the family's size, is below 0.05."""
    values = np.random.default_rng(0).normal(1.5, 1.0, (200, 6))
    found = mean_difference(values, 0.1, correlation, family=7)
    assert found.p_corrected == pytest.approx(np.minimum(7 * found.p, 1.0))
    excluded = (found.low > 0.1) | (found.high < 0.1)
    assert 0 < excluded.sum() < 200
    assert (excluded == (found.p_corrected < 0.05)).all()


def test_equal_configurations_are_seldom_told_apart() -> None:
    """Of ten configurations that differ from A by chance alone, one is found different in 5 % of tables at most."""
    rng = np.random.default_rng(0)
    tables = [
        (mean_difference(rng.normal(size=(10, 8)) - rng.normal(size=8), family=10).p_corrected < 0.05).any()
        for _ in range(400)
    ]
    assert 0 < np.mean(tables) <= 0.05


def test_simultaneous_intervals_hold_all_true_differences_together() -> None:
    """Ten intervals of 95 % each would miss one of ten in more than 5 % of tables."""
    rng = np.random.default_rng(1)
    missed: dict[int, list[bool]] = {1: [], 10: []}
    for _ in range(400):
        values = rng.normal(size=(10, 8)) - rng.normal(size=8)
        for family, tables in missed.items():
            found = mean_difference(values, family=family)
            tables.append(bool(((found.low > 0) | (found.high < 0)).any()))
    assert np.mean(missed[10]) <= 0.05 < np.mean(missed[1])


def test_equivalence_is_two_one_sided_t_tests() -> None:
    """The larger p-value of scipy's two, against either end of the margin."""
    values = np.array([0.004, -0.011, 0.009, 0.001, 0.013])
    found = equivalence(values[None], 0.02)
    sides = [
        stats.ttest_1samp(values, -0.02, alternative="greater"),
        stats.ttest_1samp(values, 0.02, alternative="less"),
    ]
    assert found.p[0] == pytest.approx(max(side.pvalue for side in sides))


@pytest.mark.parametrize("correlation", [0.0, 1 / 3])
def test_equivalence_at_5_percent_is_an_interval_of_90_percent_within_the_margin(correlation: float) -> None:
    """Where the farther end of the interval touches the margin, p is 0.05: so it is on either side of it."""
    values = np.array([[0.004, -0.011, 0.009, 0.001]])
    interval = equivalence(values, 1.0, correlation)
    touching = max(-interval.low[0], interval.high[0])
    assert equivalence(values, touching, correlation).p[0] == pytest.approx(0.05)
    assert (
        equivalence(values, 1.1 * touching, correlation).p[0]
        < 0.05
        < equivalence(values, 0.9 * touching, correlation).p[0]
    )


def test_correlated_pairs_make_equivalence_harder_to_show() -> None:
    """The variance of the mean is widened as it is for the difference."""
    values = np.array([[0.004, -0.011, 0.009, 0.001]])
    plain, wide = equivalence(values, 0.02), equivalence(values, 0.02, 1 / 3)
    assert plain.p[0] < wide.p[0]
    assert (wide.high - wide.low) / (plain.high - plain.low) == pytest.approx(np.sqrt(3))


@pytest.mark.parametrize("values", [[0.0], [0.0, 0.0, 0.0], [0.0, np.nan, 0.1]], ids=["one", "no spread", "missing"])
def test_equivalence_needs_a_spread(values: list[float]) -> None:
    """Targets that agree exactly show no equivalence, as nothing says how far chance takes them."""
    assert np.isnan(equivalence(np.array([values]), 0.02).p[0])


def test_difference_at_the_margin_is_seldom_called_equivalent() -> None:
    """The size of the test where it is largest, 0.05, within two standard errors of 4,000 simulated comparisons.

    Beyond the margin it is smaller, and at 0 the same targets show equivalence nearly always.
    """
    noise = np.random.default_rng(0).normal(scale=0.01, size=(4000, 8))
    at_the_edge, beyond, at_zero = (np.mean(equivalence(noise + mean, 0.02).p < 0.05) for mean in (0.02, 0.03, 0.0))
    assert at_the_edge == pytest.approx(0.05, abs=2 * np.sqrt(0.05 * 0.95 / 4000))
    assert beyond < 0.01
    assert at_zero > 0.95


def test_equivalence_of_a_family_is_its_wider_interval_within_the_margin() -> None:
    """As for differences, interval and p-value agree."""
    values = np.random.default_rng(0).normal(0.0, 0.02, (200, 6))
    found = equivalence(values, 0.03, family=5)
    within = (found.low > -0.03) & (found.high < 0.03)
    assert 0 < within.sum() < 200
    assert (within == (found.p_corrected < 0.05)).all()


@pytest.mark.parametrize(("size", "blocks"), [(4, 1), (4, 3), (8, 2)])
def test_blocks_of_shadows_widen_as_one_block_of_all_does(size: int, blocks: int) -> None:
    """What a target's deviations say of the error of the mean is the same, however the targets are cut into blocks."""
    n = size * blocks
    one = np.full((size, size), 1 / (size - 1))
    np.fill_diagonal(one, 1.0)
    covariance = np.kron(np.eye(blocks), one)
    of_the_mean = covariance.sum() / n**2
    of_the_targets = (np.trace(covariance) - n * of_the_mean) / (n - 1)
    assert np.sqrt(of_the_mean / of_the_targets) == pytest.approx(error_factor(n, 1 / (n - 1)))


HALVES = {"kind": "halves", "networks": 8}
ONLINE = {"kind": "lira", "variance": "pooled"}


@pytest.mark.parametrize(
    ("protocol", "attack", "targets", "correlation"),
    [
        pytest.param(HALVES, "loss", 8, 0.0, id="no shadow, no dependence"),
        pytest.param(HALVES, "rmia", 8, 1 / 7, id="shadows are other targets"),
        pytest.param(HALVES, ONLINE | {"mode": "offline"}, 8, 1 / 7, id="shadows without the example"),
        pytest.param(HALVES, ONLINE, 8, 2 / 7, id="both of a pair deviate, in opposite directions"),
        pytest.param(HALVES | {"networks": 4}, ONLINE, 4, 1 / 3, id="of four the partner is a shadow"),
        pytest.param(HALVES | {"networks_per_attack": 4}, ONLINE, 8, 1 / 7, id="so it is in blocks of four"),
        pytest.param({"kind": "paper", "replicates": 5}, "svm", 5, 0.0, id="each target has its own shadow"),
    ],
)
def test_what_targets_share_is_their_shadows(
    protocol: dict[str, object], attack: object, targets: int, correlation: float
) -> None:
    """The intervals of attacks that judge a target by other targets are widened, and those of others are not."""
    fields = {"dataset": "iris", "model": "ann", "protocol": protocol, "attacks": (attack,)}
    spec = TrialSpec.model_validate(fields)
    assert pair_correlation(spec, f"{spec.attacks[0].name}.auc", targets) == pytest.approx(correlation)
    assert pair_correlation(spec, "test_accuracy", targets) == 0.0


def test_strongest_attack_may_be_any() -> None:
    """It is now one that judges by shadows and now another, so it is widened as one of them."""
    spec = TrialSpec.model_validate({"dataset": "iris", "model": "ann", "protocol": HALVES, "attacks": ("loss",)})
    assert pair_correlation(spec, "worst.auc", 8) == pytest.approx(1 / 7)
