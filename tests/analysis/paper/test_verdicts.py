from collections.abc import Callable

import numpy as np
import pytest
from builders import make_completed, not_learnt
from paper_truths import activations, gradient, shifted, weights

from privsearch.analysis.paper.audits import Success
from privsearch.analysis.paper.claims import ALL, each_minus_each
from privsearch.analysis.paper.published_verdicts import MOST, majority
from privsearch.analysis.paper.verdicts import CLAIMS, Verdict, compare, judge, partial_conjunction, verdicts
from privsearch.errors import StudyError
from privsearch.spec import HalvesProtocol, TrialSpec
from privsearch.study.result import Completed, Failed, TrialResult

StudyOf = Callable[..., list[TrialResult]]

WEIGHTS_ANN = "Quantised weights make ANNs leak less"
WEIGHTS_SNN = "Quantised weights make SNNs leak less"


def find(found: list[Verdict], text: str, dataset: str = "iris", success: str = "as published") -> Verdict:
    return next(v for v in found if (v.text, v.dataset, v.success) == (text, dataset, success))


def test_advantage_that_the_placebo_has_too_is_not_an_excess(study_of: StudyOf) -> None:
    """Quantisation that lowers the AUC and the placebo alike is supported as published, and not beside the placebo."""
    lower = weights("snn")
    found = verdicts(study_of(lambda spec: {"auc": 0.6 - 0.05 * lower(spec), "placebo": 0.6 - 0.05 * lower(spec)}))
    assert find(found, WEIGHTS_SNN).verdict == "supported"
    assert find(found, WEIGHTS_SNN, success="excess over placebo").verdict == "not significant"


def test_claim_without_an_attack_has_one_verdict_a_dataset(study_of: StudyOf) -> None:
    """Only claims about an attack are said twice; one about a dataset is said of it alone."""
    found = verdicts(study_of(lambda spec: {}))
    assert {v.claim for v in found if v.success is Success.EXCESS} == {1, 2, 3, 4, 10, 11, 12, 13, 14, 15, 20, 21}
    assert len(found) == (2 * 19 + 16) * 3 + 2


def test_one_bit_width_that_leaks_more_contradicts(study_of: StudyOf) -> None:
    """The claims speak of every bit width: one counterexample is enough, and the verdict turns on it."""
    verdict = find(
        verdicts(study_of(lambda spec: {"auc": {8: 0.5, 4: 0.5, 2: 0.7}.get(spec.weight_bit_width or 0, 0.6)})),
        WEIGHTS_ANN,
    )
    assert verdict.verdict == "contradicted"
    assert verdict.hardest() == verdict.comparisons[2]
    assert verdict.comparisons[2].what == "fp32 - w2"
    assert verdict.comparisons[2].difference == pytest.approx(-0.1, abs=0.005)


def test_pooled_difference_is_the_mean_of_the_datasets(study_of: StudyOf) -> None:
    """Over all datasets, an effect counts by its mean: here one cancels the other."""
    text = WEIGHTS_ANN
    effect = {"iris": -0.05, "breast_cancer": 0.05}
    quantised_ann = weights("ann")
    found = verdicts(study_of(lambda s: {"auc": 0.6 + effect[s.dataset_name] * quantised_ann(s)}, noise=0.005))
    iris, cancer, pooled = (find(found, text, dataset) for dataset in ("iris", "breast_cancer", ALL))
    assert (iris.verdict, cancer.verdict, pooled.verdict) == ("supported", "contradicted", "not significant")
    for one, other, both in zip(iris.comparisons, cancer.comparisons, pooled.comparisons, strict=True):
        assert one.difference is not None
        assert other.difference is not None
        assert both.difference == pytest.approx((one.difference + other.difference) / 2)
        assert both.n == 5


def test_single_dataset_is_not_pooled(study_of: StudyOf) -> None:
    """All datasets of a study of one are that one."""
    iris = [result for result in study_of(lambda spec: {}) if result.spec.dataset_name == "iris"]
    assert {verdict.dataset for verdict in verdicts(iris)} == {"iris"}


def test_failed_trial_keeps_a_claim_from_being_supported(study_of: StudyOf) -> None:
    """A claim about all bit widths is not supported by some, and the failed one is listed without numbers."""
    text = WEIGHTS_ANN
    results = study_of(shifted("auc", weights("ann"))(-0.05))
    victim = next(i for i, r in enumerate(results) if r.spec.weight_bit_width == 4)
    spec, trial_id = results[victim].spec, results[victim].trial_id
    results[victim] = Failed(trial_id=trial_id, spec=spec, error="E", message="m", traceback="", seconds=1.0)
    found = verdicts(results)
    verdict = find(found, text)
    assert verdict.verdict == "incomplete"
    assert [comparison.n for comparison in verdict.comparisons] == [5, 0, 5]
    assert find(found, text, "breast_cancer").verdict == "supported"
    assert find(found, text, ALL).verdict == "incomplete"


def test_claim_that_the_study_does_not_touch_is_not_tested(study_of: StudyOf) -> None:
    """Without quantised activations, nothing is said about them."""
    results = [result for result in study_of(lambda spec: {}) if result.spec.act_bit_width is None]
    tested = {(verdict.claim, verdict.text) for verdict in verdicts(results) if verdict.verdict != "not tested"}
    about_weights_or_gradients = [1, 1, 2, 4, 4, 12, 13, 14, 14, 15, 16, 16, 17, 17, 18, 18, 19, 20, 21, 22, 23]
    assert sorted(number for number, _ in tested) == about_weights_or_gradients
    assert {text for number, text in tested if number == 1} == {WEIGHTS_ANN, WEIGHTS_SNN}
    verdict = find(verdicts(results), "Higher thresholds make 4- and 8-bit SNNs more accurate")
    assert verdict.hardest() is None


def test_agreeing_replicates_are_no_certainty() -> None:
    """Equal differences have no spread to judge them by: a number, but no interval and no p-value."""
    (comparison,) = compare({"same": np.full(3, 1 / 30)}, 0.0)
    assert (comparison.n, comparison.low, comparison.p_corrected) == (3, None, None)
    assert comparison.difference == pytest.approx(1 / 30)


def test_interval_and_p_value_are_those_of_the_paired_t_test() -> None:
    """For the differences 1, 2, 3: t = 2 / (1 / sqrt 3) on 2 degrees of freedom, from a printed table."""
    (comparison,) = compare({"known": np.array([1.0, 2.0, 3.0])}, 0.0)
    half_width = 4.302653 / np.sqrt(3)
    assert comparison.low == pytest.approx(2 - half_width, abs=1e-5)
    assert comparison.high == pytest.approx(2 + half_width, abs=1e-5)
    assert comparison.p_corrected == pytest.approx(1 - np.sqrt(12 / 14), abs=1e-9)


def test_difference_against_a_claim_is_corrected_for_all_of_them() -> None:
    """Its p-value and its interval; one above the bar counts only with all others, and has an interval of its own."""
    rng = np.random.default_rng(3)
    samples = {name: rng.normal(loc, 1.0, 6) for name, loc in {"above": 1.2, "below": -2.6, "far below": -3.5}.items()}
    alone = {name: compare({name: values}, 0.0)[0] for name, values in samples.items()}
    for found in compare(samples, 0.0):
        own = alone[found.what]
        if found.what == "above":
            assert (found.low, found.high, found.p_corrected) == (own.low, own.high, own.p)
        else:
            assert found.p_corrected == pytest.approx(min(1.0, 3 * own.p))
            assert found.low < own.low < own.high < found.high
            assert (found.high < 0) == (found.p_corrected < 0.05)


def test_equal_configurations_are_seldom_told_apart() -> None:
    """Where three bit widths differ from full precision by chance alone, at most 5 % of the studies find something."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(1000):
        full, *others = rng.normal(0.6, 0.02, (4, 5))
        found.append(judge(compare({str(k): full - other for k, other in enumerate(others)}, 0.0), 0.0))
    assert 0 < 1000 - found.count("not significant") <= 50


def test_widths_at_the_margin_are_seldom_equivalent() -> None:
    """Where two differ by just the margin, at most 5 % of the studies call them alike; where they do not, most do."""
    rng = np.random.default_rng(0)
    shares = []
    for difference in (0.02, 0.0):
        findings = []
        for _ in range(400):
            numbers = dict(zip("ab", rng.normal([[0.6 + difference], [0.6]], 0.003, (2, 5)), strict=True))
            findings.append(judge(compare(each_minus_each(numbers), -0.02), -0.02, is_equivalence=True))
        shares.append(findings.count("equivalent") / 400)
    assert 0 < shares[0] <= 0.05
    assert shares[1] > 0.9


def test_replicates_that_agree_have_no_test() -> None:
    """Where all replicates give the same difference there is no verdict on it, whatever its size."""
    same, varied, below = np.full(5, 0.1), np.linspace(0.09, 0.11, 5), np.linspace(-0.11, -0.09, 5)
    assert judge(compare({"same": same}, 0.0), 0.0) == "no spread"
    assert judge(compare({"same": same, "varied": varied}, 0.0), 0.0) == "no spread"
    assert judge(compare({"same": same, "below": below}, 0.0), 0.0) == "contradicted"
    assert judge(compare({"same": same, "noise": varied - 0.1}, 0.0), 0.0) == "not significant"


def often_loud(loud_on: set[str]) -> Callable[[TrialSpec], dict[str, float]]:
    """Arctangent leaks most on some datasets, and least on the others."""
    return lambda spec: {"auc": 0.6 + (0.05 if spec.dataset_name in loud_on else -0.05) * gradient("atan")(spec)}


@pytest.mark.parametrize(
    ("loud_on", "finding"),
    [
        ({"iris", "breast_cancer", "cifar10"}, "supported"),
        ({"iris", "cifar10"}, "supported"),
        ({"cifar10"}, "contradicted"),
        (set(), "contradicted"),
    ],
)
def test_claim_about_most_datasets_counts_them(study_of: StudyOf, loud_on: set[str], finding: str) -> None:
    """Two of three datasets are most, one is not; the mean over all of them is not what the claim says."""
    claims = [claim for claim in CLAIMS if claim.text == "Arctangent often leaks most"]
    found = verdicts(study_of(often_loud(loud_on), datasets=("iris", "breast_cancer", "cifar10")), claims=claims)
    by_dataset = {v.dataset: v for v in found if v.success is Success.PUBLISHED}
    assert {d: v.verdict for d, v in by_dataset.items() if d != MOST} == {
        d: "supported" if d in loud_on else "contradicted" for d in ("iris", "breast_cancer", "cifar10")
    }
    assert by_dataset[MOST].verdict == finding
    assert [c.what.partition(": ")[0] for c in by_dataset[MOST].comparisons] == ["Iris", "Breast Cancer", "CIFAR-10"]


def test_dataset_that_is_incomplete_is_none_of_most(study_of: StudyOf) -> None:
    """What a failed trial leaves of a claim is no support on that dataset."""
    claims = [claim for claim in CLAIMS if claim.text == "Arctangent often leaks most"]
    results = study_of(often_loud({"iris", "breast_cancer"}))
    assert find(verdicts(results, claims=claims), claims[0].text, MOST).verdict == "supported"
    victim = next(i for i, r in enumerate(results) if r.spec.surrogate_gradient == "triangular")
    spec, trial_id = results[victim].spec, results[victim].trial_id
    results[victim] = Failed(trial_id=trial_id, spec=spec, error="E", message="m", traceback="", seconds=1.0)
    assert find(verdicts(results, claims=claims), claims[0].text, MOST).verdict == "not significant"


def test_chance_makes_most_of_too_few_in_one_case_of_twenty_at_most() -> None:
    """Where one dataset too few is true, and surely so, the others by chance make up for it in 5 % of cases at most."""
    rng = np.random.default_rng(0)
    for num_datasets in (2, 3, 5):
        enough = majority(num_datasets)
        uniform = rng.uniform(size=(4000, num_datasets - enough + 1))
        p = [partial_conjunction([0.0] * (enough - 1) + row, enough) for row in uniform.tolist()]
        assert 0.01 < np.mean(np.array(p) < 0.05) <= 0.06


def test_axis_that_the_paper_holds_constant_is_refused(study_of: StudyOf) -> None:
    """Two numbers of time steps leave open which trial a claim is about, and the error names the axis."""
    results = study_of(lambda spec: {})
    snn = next(r for r in results if isinstance(r, Completed) and r.spec.model == "snn")
    other = snn.model_copy(update={"trial_id": "f" * 16, "spec": snn.spec.model_copy(update={"num_steps": 10})})
    with pytest.raises(StudyError, match=r"2 fill that of dataset iris, model snn.*num_steps \(25, 10\)"):
        verdicts([*results, other])


def test_trials_of_another_protocol_have_no_say(study_of: StudyOf) -> None:
    """What was trained on halves says nothing of the paper's claims, and alone is refused."""
    results = study_of(lambda spec: {})
    halves = [make_completed(f"{k:015x}h", protocol=HalvesProtocol(), **r.spec.axes()) for k, r in enumerate(results)]
    assert verdicts([*halves, *results]) == verdicts(results)
    with pytest.raises(StudyError, match=r"only trials under the protocol 'paper'.*\(its protocols: halves\)"):
        verdicts(halves)


def test_strongest_attack_is_an_attack_like_others_but_for_the_placebo(study_of: StudyOf) -> None:
    """With one attack, the strongest is that one; it has no placebo, so nothing is said of its excess."""
    results = study_of(lambda spec: {})
    worst, svm = (
        [verdict for verdict in verdicts(results, attack) if verdict.success is Success.PUBLISHED]
        for attack in ("worst", "svm")
    )
    assert worst == svm
    excess = [verdict.verdict for verdict in verdicts(results, "worst") if verdict.success is Success.EXCESS]
    assert set(excess) == {"not tested"}


def test_unknown_attack_is_refused(study_of: StudyOf) -> None:
    """An attack that the study did not run has no verdicts."""
    with pytest.raises(StudyError, match=r"got 'lira' and its attacks are svm"):
        verdicts(study_of(lambda spec: {}), "lira")


def readout_costs(spec: TrialSpec) -> dict[str, float]:
    """Quantising the readout costs accuracy; everything else is alike."""
    return {"accuracy": 0.9 - 0.1 * bool(spec.quantize_readout)}


def test_each_reading_has_its_own_verdict(study_of: StudyOf) -> None:
    """Two ways to quantise membranes in one study are judged apart, each beside the same full precision."""
    found = verdicts(study_of(readout_costs, quantize_readout=[True, False]))
    text = "Quantised activations cost SNNs little accuracy"
    by_reading = {v.reading: v.verdict for v in found if (v.text, v.dataset) == (text, "iris")}
    assert by_reading == {"default": "supported", "quantize_readout true": "contradicted"}
    assert next(iter(by_reading)) == "default"


def test_reading_among_others_is_judged_as_alone(study_of: StudyOf) -> None:
    """What a study says of one reading does not depend on the others in it."""
    results = study_of(readout_costs, quantize_readout=[False, True])
    alone = verdicts([result for result in results if result.spec.quantize_readout is not True])
    assert [v for v in verdicts(results) if v.reading in ("-", "default")] == alone
    assert {v.reading for v in alone} == {"-", "default"}


def test_claims_that_no_reading_decides_are_judged_once(study_of: StudyOf) -> None:
    """Without SNNs with quantised activations, exactly the verdicts that have a reading are others."""
    results = study_of(readout_costs, quantize_readout=[False, True])
    rest = [result for result in results if result.spec.quantize_readout is None]
    without = verdicts(rest)
    assert {v.reading for v in without} == {"-"}
    about_reading = {claim.text for claim in CLAIMS if claim.about_reading}
    assert [v for v in verdicts(results) if v.reading == "-"] == [v for v in without if v.text not in about_reading]
    changed = {v.text for v in without if v.verdict == "not tested"}
    assert changed == about_reading - {"2-bit SNNs on CIFAR-10 gain with the threshold at first, then lose"}


def test_networks_that_have_not_learnt_support_nothing(study_of: StudyOf) -> None:
    """2-bit SNNs that leak least because they know nothing: the comparison with them is lacking, not won."""
    text = "Quantised activations make SNNs leak less"
    results = study_of(shifted("auc", activations("snn"))(-0.05))
    assert find(verdicts(results), text).verdict == "supported"
    idle = [
        not_learnt(result)
        if isinstance(result, Completed) and result.spec.model == "snn" and result.spec.act_bit_width == 2
        else result
        for result in results
    ]
    verdict = find(verdicts(idle), text)
    assert verdict.verdict == "incomplete"
    assert {comparison.what: comparison.n for comparison in verdict.comparisons} == {
        "fp32 - a8": 5,
        "fp32 - a4": 5,
        "fp32 - a2": 0,
    }


def test_networks_that_have_not_learnt_contradict_a_small_drop(study_of: StudyOf) -> None:
    """Their accuracy is a fact: it counts against whoever says that quantisation costs little."""
    results = study_of(lambda spec: {"accuracy": 0.9 - 0.5 * (spec.model == "snn" and spec.act_bit_width == 2)})
    idle = [
        not_learnt(result)
        if isinstance(result, Completed) and result.spec.model == "snn" and result.spec.act_bit_width == 2
        else result
        for result in results
    ]
    assert find(verdicts(idle), "Quantised activations cost SNNs little accuracy").verdict == "contradicted"
