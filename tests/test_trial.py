from typing import Any

import numpy as np
import pytest

import privsearch.trial
from privsearch.data import describe_dataset
from privsearch.result import UNKNOWN_ID, Completed, Epoch, Failed
from privsearch.spec import CsvDataset, PaperProtocol, SvmAttack, TrialSpec
from privsearch.trial import run_trial

TINY = TrialSpec(
    dataset="iris",
    model="snn",
    epochs=1,
    batch_size=64,
    num_steps=3,
    protocol=PaperProtocol(replicates=2, placebo_cuts=2),
)


def run(spec: TrialSpec = TINY, **changes: Any) -> Completed:
    result = run_trial(spec.model_copy(update=changes))
    assert isinstance(result, Completed), result
    return result


def test_the_same_spec_gives_the_same_numbers() -> None:
    """To the last bit, histories and attacks included; another seed gives others."""
    assert run().numbers() == run().numbers()
    assert run(seed=1).replicates != run().replicates


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "ann", "num_steps": None},
        {"weight_bit_width": 4},
        {"act_bit_width": 4, "threshold": 0.5},
        {"surrogate_gradient": "triangular"},
        {"dataset": "digits", "train_size": 100, "test_size": 50, "spiking_layers": "head"},
    ],
)
def test_every_kind_of_trial_completes(changes: dict[str, Any]) -> None:
    """Accuracies and AUCs are fractions, one replicate for each that was asked for."""
    result = run(**changes)
    assert len(result.replicates) == 2
    for replicate in result.replicates:
        numbers = [replicate.target.test_accuracy, replicate.shadow.train_accuracy]
        numbers += [replicate.attacks["svm"].auc, replicate.attacks["svm"].placebo_auc]
        assert all(0 <= number <= 1 for number in numbers)
        assert len(replicate.target.history) == 1


def test_a_result_carries_its_canonical_spec_and_id() -> None:
    """The key under which it will be found again."""
    result = run(threshold=0.7)
    assert result.spec.threshold is None
    assert result.trial_id == result.spec.trial_id(describe_dataset("iris").fingerprint)


def test_the_target_trains_on_all_and_the_shadow_on_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """The paper's protocol, and a new random share for every replicate."""
    seen: list[np.ndarray] = []
    train = privsearch.trial.train_cohort

    def watching(spec: Any, splits: Any, subsets: np.ndarray, *rest: Any) -> Any:
        seen.append(subsets)
        return train(spec, splits, subsets, *rest)

    monkeypatch.setattr(privsearch.trial, "train_cohort", watching)
    run()
    assert [subsets.sum(axis=1).tolist() for subsets in seen] == [[120, 96], [120, 96]]
    assert not np.array_equal(seen[0][1], seen[1][1])


def test_configurations_share_their_subsets_and_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two configurations are compared on the same shadows' subsets, replicate by replicate."""
    seen: list[tuple[bytes, tuple[int, ...]]] = []
    train = privsearch.trial.train_cohort

    def watching(spec: Any, splits: Any, subsets: np.ndarray, seeds: Any, *rest: Any) -> Any:
        seen.append((subsets.tobytes(), tuple(seeds)))
        return train(spec, splits, subsets, seeds, *rest)

    monkeypatch.setattr(privsearch.trial, "train_cohort", watching)
    run()
    run(weight_bit_width=2)
    assert seen[:2] == seen[2:]
    assert len({seed for _, seeds in seen for seed in seeds}) == 4


def test_an_attack_does_not_depend_on_the_others() -> None:
    """Adding an attack leaves the numbers of the first as they were."""
    both = run(attacks=(SvmAttack(per_class=True), SvmAttack()))
    assert [r.attacks["svm"] for r in both.replicates] == [r.attacks["svm"] for r in run().replicates]
    assert set(both.replicates[0].attacks) == {"svm", "svm_per_class"}


def test_a_listener_hears_targets_and_shadows_of_all_replicates() -> None:
    """Networks count through the replicates, the target before the shadow."""
    heard: list[tuple[int, int]] = []

    def listen(network: int, epoch: int, measured: Epoch) -> None:
        heard.append((network, epoch))

    run_trial(TINY, listen)
    assert heard == [(0, 0), (1, 0), (2, 0), (3, 0)]


def test_a_trial_that_diverges_is_a_failed_result() -> None:
    """With the error, what it said, and where."""
    result = run_trial(TINY.model_copy(update={"model": "ann", "learning_rate": 1e30}))
    assert isinstance(result, Failed)
    assert result.error == "DivergedError"
    assert "must be finite" in result.message
    assert "in _train" in result.traceback


def test_a_dataset_that_vanished_is_a_failed_result() -> None:
    """A file that is gone when the worker comes to it fails its trials and no more."""
    gone = CsvDataset(name="gone", path="/nowhere/gone.csv", label="y")
    result = run_trial(TINY.model_copy(update={"dataset": gone}))
    assert isinstance(result, Failed)
    assert (result.trial_id, result.error) == (UNKNOWN_ID, "DataError")


def test_an_interrupt_is_not_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C must get through."""

    def interrupted(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(privsearch.trial, "train_cohort", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_trial(TINY)
