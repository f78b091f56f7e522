from builders import make_completed

from privsearch._util.interval import Interval
from privsearch.report.wording.blind import blind_lines, blind_warnings
from privsearch.study.blind import BlindBaselines, InputsBaseline, UntrainedBaseline, UntrainedTarget
from privsearch.study.result import Completed


def trial(inputs: Interval | None, untrained: Interval | None = None, refused: str = "") -> Completed:
    """A trial with these baselines, of which the attack's may be missing."""
    given = InputsBaseline(auc=inputs, num_members=200, num_non_members=100) if inputs else None
    blind = BlindBaselines(
        inputs=given,
        untrained={
            "svm": UntrainedBaseline(auc=untrained, targets=(UntrainedTarget(auc=untrained, placebo_auc=0.507),))
        }
        if untrained
        else {},
        refused={"loss": refused} if refused else {},
    )
    return make_completed().model_copy(update={"blind": blind})


def test_baselines_are_told_with_their_intervals_and_samples() -> None:
    """What the inputs tell, and the attack that is farthest from guessing; no warning where both are noise."""
    result = trial(Interval(0.512, 0.48, 0.544), Interval(0.51, 0.45, 0.57))
    assert blind_lines([result]) == [
        "iris, paper: Blind baselines: the inputs alone tell the training split from the test split with an AUC of "
        "0.512 [0.480, 0.544] (200 members, 100 non-members); of 1 attack on untrained targets the one farthest from "
        "guessing, svm, has 0.510 [0.450, 0.570], its placebo 0.507."
    ]
    assert blind_warnings([result]) == []


def test_splits_that_differ_are_warned_of_with_what_they_explain_and_what_to_do() -> None:
    """The highest AUC, the highest excess, and the two ways out."""
    result = trial(Interval(0.9, 0.85, 0.95), Interval(0.51, 0.45, 0.57))
    (warning,) = blind_warnings([result])
    assert warning == (
        "iris, paper: WARNING: the splits differ without any training. Under paper an AUC of up to 0.950 (an excess of "
        "up to 0.450) may come of that alone, and is no evidence of leakage; use the protocol halves, or resplit: true."
    )
    assert blind_lines([result])[-1] == warning


def test_what_could_not_be_measured_is_told() -> None:
    """Too few examples, an attack that untrained networks give nothing to, a record of an earlier version."""
    lines = blind_lines([trial(None, refused="some untrained network is dead")])
    assert lines == [
        "iris, paper: Blind baselines: the splits have too few examples for a classifier on the inputs.",
        "iris, paper: loss could not be run on the untrained networks: some untrained network is dead.",
    ]
    (line,) = blind_lines([make_completed(dataset="mnist")])
    assert line.startswith("mnist, paper: Blind baselines were not measured for 1 trials")
    assert blind_lines([make_completed()]) == []
