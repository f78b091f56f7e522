from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from training_kinds import KINDS, same, spec_of, train

from privsearch.data import DatasetInfo
from privsearch.data.raw import Preprocessing
from privsearch.data.splits import Splits, load_splits
from privsearch.errors import DivergedError
from privsearch.models.networks import Network
from privsearch.models.training import Listeners, _balanced, query_untrained, train_cohort
from privsearch.spec import HalvesProtocol, Readout, TrialSpec
from privsearch.study.cohort import Cohort
from privsearch.study.result import Epoch, TrainedNetwork
from privsearch.study.signals import Signals


def iris() -> Splits:
    return load_splits("iris", seed=0, train_size=None, test_size=None)


def spec(**fields: Any) -> TrialSpec:
    given = {"dataset": "iris", "model": "snn", "epochs": 2, "batch_size": 32, "num_steps": 4, **fields}
    if given["model"] == "ann":
        del given["num_steps"]
    return TrialSpec(**given).canonical("fcnet")


def trained_on(*args: Any) -> tuple[Signals, tuple[TrainedNetwork, ...]]:
    cohort = train_cohort(*args)
    return cohort.signals, cohort.networks


def subsets(count: int) -> np.ndarray:
    return np.random.default_rng(1).random((count, 120)) < 0.5


@pytest.mark.parametrize(
    "fields", [{"model": "ann"}, {}, {"readout": "mean"}, {"weight_bit_width": 4, "act_bit_width": 4}]
)
def test_a_network_does_not_depend_on_its_cohort(fields: dict[str, Any]) -> None:
    """Trained alone or as the third of three, from whatever state of the global generator: the same bits."""
    members = subsets(3)
    torch.manual_seed(1)
    together, trained = trained_on(spec(**fields), iris(), members, [7, 8, 9])
    torch.manual_seed(2)
    alone, trained_alone = trained_on(spec(**fields), iris(), members[2:], [9])
    assert np.array_equal(together.logits[2], alone.logits[0])
    assert trained[2] == trained_alone[0]


def test_the_seed_decides_the_network() -> None:
    """Another seed is another network; the number of threads is not another result."""
    members = subsets(1)
    first, _ = trained_on(spec(), iris(), members, [1])
    other, _ = trained_on(spec(), iris(), members, [2])
    assert not np.array_equal(first.logits, other.logits)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        again, _ = trained_on(spec(), iris(), members, [1])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert np.array_equal(first.logits, again.logits)


def test_training_leaves_the_global_generator_alone() -> None:
    """A caller's own random numbers are not disturbed."""
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    train_cohort(spec(epochs=1), iris(), subsets(1), [1])
    assert torch.equal(torch.rand(3), expected)


def test_signals_say_who_is_a_member_of_what() -> None:
    """The training split first, each network's own subset marked; the test split after it, never marked."""
    members = subsets(2)
    signals, _ = trained_on(spec(epochs=1), iris(), members, [1, 2])
    assert signals.logits.shape == (2, 150, 3)
    assert np.array_equal(signals.is_member[:, :120], members)
    assert not signals.is_member[:, 120:].any()
    assert signals.num_train == 120
    assert np.array_equal(signals.labels, np.concatenate([iris().y_train, iris().y_test]))


@pytest.mark.parametrize(("readout", "logits_from"), [("final", "final_mem"), ("mean", "mean_mem")])
def test_accuracies_are_those_of_the_logits(readout: str, logits_from: Readout) -> None:
    """Training accuracy is over the network's own subset, test accuracy over the test split."""
    members = subsets(1)
    signals, (network,) = trained_on(spec(epochs=3, readout=readout), iris(), members, [1])
    assert np.array_equal(signals.logits, signals.outputs[logits_from, "plain"][:, 0])
    correct = signals.logits[0].argmax(1) == signals.labels
    assert network.train_accuracy == pytest.approx(correct[:120][members[0]].mean())
    assert network.test_accuracy == pytest.approx(correct[120:].mean())
    of_classes = [correct[120:][signals.labels[120:] == label].mean() for label in range(3)]
    assert network.balanced_accuracy == pytest.approx(np.mean(of_classes))


def test_a_network_that_names_one_class_is_as_good_as_its_guess() -> None:
    """390 against 10: an accuracy of 0.975 is a balanced one of 0.5."""
    labels = np.repeat([0, 1], [390, 10])
    assert _balanced(labels == 0, labels) == 0.5
    assert _balanced(labels >= 0, labels) == 1
    assert _balanced(np.array([True, False]), np.array([2, 2])) == 0.5


def test_networks_learn() -> None:
    """Loss falls, and both kinds of model become far better than guessing (one third), with either optimiser."""
    for fields in ({"model": "ann"}, {"num_steps": 10}, {"model": "ann", "optimizer": "sgd", "learning_rate": 0.05}):
        everything = np.ones((1, 120), dtype=bool)
        _, (network,) = trained_on(spec(epochs=10, **fields), iris(), everything, [0])
        assert len(network.history) == 10
        assert network.history[-1].loss < 0.5 * network.history[0].loss
        assert network.test_accuracy > 0.8


def test_a_listener_hears_every_epoch_of_every_network() -> None:
    """In order, with what was measured; and then of the network itself."""
    heard: list[tuple[int, int, Epoch]] = []
    networks: list[tuple[int, Network]] = []
    told = Listeners(lambda *event: heard.append(event), lambda *event: networks.append(event))
    _, trained = trained_on(spec(), iris(), subsets(2), [1, 2], told)
    assert [index for index, _ in networks] == [0, 1]
    assert [event[:2] for event in heard] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [event[2] for event in heard] == [*trained[0].history, *trained[1].history]


def test_a_listener_hears_every_step_and_changes_no_number() -> None:
    """Before each step, with its place; what is trained is the same to the bit as if nobody listened."""
    heard: list[tuple[int, ...]] = []
    members = subsets(2)
    signals, trained = trained_on(spec(), iris(), members, [1, 2], Listeners(on_step=lambda *step: heard.append(step)))
    steps = [-(-int(one.sum()) // 32) for one in members]
    assert heard == [(k, e, s, steps[k]) for k in range(2) for e in range(2) for s in range(steps[k])]
    alone, trained_alone = trained_on(spec(), iris(), members, [1, 2])
    assert np.array_equal(signals.logits, alone.logits)
    assert trained == trained_alone


def test_a_loss_that_explodes_is_an_error_that_says_where() -> None:
    """Which network, step and epoch, and the loss; never a number that looks fine."""
    where = r"network 1 of 2: the training loss must be finite, but is (nan|inf) at step [234] of [234] in epoch 1 of 2"
    with pytest.raises(DivergedError, match=f"{where}; try a learning_rate below 1e\\+30$"):
        train_cohort(spec(model="ann").model_copy(update={"learning_rate": 1e30}), iris(), subsets(2), [0, 1])
    with pytest.raises(DivergedError, match=r"; try a learning_rate below 0.001, or a weight_decay below 100000$"):
        train_cohort(spec(model="ann", optimizer="sgd", weight_decay=1e5, epochs=9), iris(), subsets(1), [0])


@pytest.mark.parametrize("model", ["ann", "snn"])
def test_a_finite_loss_beyond_all_bounds_is_a_divergence(model: str) -> None:
    """Such a network may classify well, but no probability of it, and so no attack on it, means anything."""
    with pytest.raises(DivergedError, match=r"network 1 of 1: the mean training loss of the last epoch .* 103 .*e\+"):
        train_cohort(spec(model=model, learning_rate=1e6), iris(), subsets(1), [0])


def test_a_network_that_is_broken_within_has_diverged() -> None:
    """Neurons whose weights are NaN never fire, so that loss and outputs of a spiking network look sound."""
    splits, members = iris(), subsets(2)
    members[:, 0] = [False, True]
    x = splits.x_train.clone()
    x[0] = float("nan")
    with pytest.raises(DivergedError, match="network 2 of 2: the weights must be finite after training"):
        train_cohort(spec(), replace(splits, x_train=x), members, [0, 1])


def test_outputs_that_are_not_finite_are_a_divergence() -> None:
    """A number that is asked for after training counts as much as one in it."""
    splits = iris()
    x = splits.x_test.clone()
    x[-1] = float("inf")
    with pytest.raises(DivergedError, match="network 1 of 1: the outputs must be finite after training"):
        train_cohort(spec(model="ann"), replace(splits, x_test=x), subsets(1), [0])


def images(crop_padding: int) -> Splits:
    """Ten stored images of each of two classes, bright above and bright below; half as many to test."""
    x = torch.zeros(30, 3, 8, 8, dtype=torch.uint8)
    x[::2, :, :4], x[1::2, :, 4:] = 255, 200
    y = torch.arange(30) % 2
    augments = crop_padding > 0
    info = DatasetInfo("images", "convnet", (3, 8, 8), 2, 20, 10, "", "", augments, has_own_test_split=True)
    preprocessing = Preprocessing(0.5, 0.5, crop_padding, 0.0)
    return Splits(info, x[:20], y[:20], x[20:], y[20:], np.arange(30), preprocessing)


def test_augmentation_comes_from_the_seed_of_the_network() -> None:
    """The same crops alone or beside another network; without crops it is another network."""
    image_spec = TrialSpec(dataset="cifar10", model="ann", epochs=2, batch_size=8).canonical("convnet")
    members = np.ones((2, 20), dtype=bool)
    together, trained = trained_on(image_spec, images(2), members, [7, 8])
    alone, trained_alone = trained_on(image_spec, images(2), members[1:], [8])
    assert np.array_equal(together.logits[1], alone.logits[0])
    assert trained[1] == trained_alone[0]
    plain, _ = trained_on(image_spec, images(0), members[1:], [8])
    assert not np.array_equal(plain.logits, alone.logits)


def test_a_network_is_trained_on_crops_and_queried_on_the_images_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every query sees all images, training split first, normalised and nothing else; no training batch does."""
    seen: dict[bool, list[torch.Tensor]] = {True: [], False: []}

    def watching(network: nn.Module, x: torch.Tensor) -> torch.Tensor:
        seen[network.training].append(x)
        return x.flatten(1)[:, :2] * sum(weight.sum() for weight in network.parameters())

    monkeypatch.setattr(Network, "forward", watching)
    monkeypatch.setattr(Network, "readouts", lambda network, x, **_: {"final_mem": watching(network, x)[None]})
    splits = images(4)
    image_spec = TrialSpec(dataset="cifar10", model="ann", epochs=1, batch_size=20).canonical("convnet")
    train_cohort(image_spec, splits, np.ones((1, 20), dtype=bool), [0])
    whole = (torch.cat([splits.x_train, splits.x_test]) / 255 - 0.5) / 0.5
    assert torch.equal(torch.cat(seen[False]), whole)
    (crops,) = seen[True]
    assert (crops.flatten(1).sum(1) < whole.flatten(1).sum(1).min()).any()


def test_a_spiking_network_shows_its_spikes_and_membranes_and_an_ann_its_logits() -> None:
    """Counts are whole and at most the number of steps; the mean membrane is another signal than the last."""
    spiking, _ = trained_on(spec(epochs=5, num_steps=6), iris(), subsets(1), [0])
    counts = spiking.answers("spike_counts", "plain")
    assert counts.shape == (1, 1, 150, 3)
    assert np.array_equal(counts, counts.round())
    assert 0 < counts.max() <= 6
    assert not np.array_equal(spiking.answers("mean_mem", "plain")[:, 0], spiking.logits)
    ann, _ = trained_on(spec(model="ann", epochs=1), iris(), subsets(1), [0])
    assert np.array_equal(ann.answers("spike_counts", "plain")[:, 0], ann.logits)


def test_a_trajectory_is_kept_if_the_protocol_says_so() -> None:
    """It ends with the final membrane, its mean is the mean membrane, and an ANN has none."""
    protocol = HalvesProtocol(networks=4, dropout_queries=1, mem_trajectory=True)
    spiking, _ = trained_on(spec(num_steps=6, epochs=1, protocol=protocol), iris(), subsets(2), [0, 1])
    membranes = spiking.answers("mem_trajectory", "plain")
    assert membranes.shape == (2, 6, *spiking.logits.shape[1:])
    assert np.array_equal(membranes[:, -1], spiking.logits)
    assert membranes.mean(axis=1) == pytest.approx(spiking.answers("mean_mem", "plain")[:, 0], abs=1e-6)
    assert ("mem_trajectory", "input_dropout") not in spiking.outputs
    ann, _ = trained_on(spec(model="ann", epochs=1, protocol=protocol), iris(), subsets(1), [0])
    assert {readout for readout, _ in ann.outputs} == {"final_mem"}


def test_all_networks_are_asked_about_the_same_views() -> None:
    """Two networks alike answer alike, view by view; views differ from each other and from the example as it is."""
    protocol = HalvesProtocol(networks=4, augmented_queries=3, dropout_queries=2, input_dropout=0.5)
    image_spec = TrialSpec(dataset="cifar10", model="ann", epochs=1, batch_size=8, protocol=protocol)
    seen, _ = trained_on(
        image_spec.canonical("convnet", augments=True), images(4), np.ones((2, 20), dtype=bool), [7, 7]
    )
    for queries, views in (("augmented", 3), ("input_dropout", 2)):
        answers = seen.answers("final_mem", queries)
        assert answers.shape == (2, views, 30, 2)
        assert np.array_equal(answers[0], answers[1])
        assert not np.array_equal(answers[0, 0], answers[0, 1])
        assert not np.array_equal(answers[0, 0], seen.logits[0])


def test_views_depend_on_the_trials_seed() -> None:
    """Another seed, other masks."""
    protocol = HalvesProtocol(networks=4, dropout_queries=1)
    first, other = (
        trained_on(spec(model="ann", epochs=1, seed=seed, protocol=protocol), iris(), subsets(1), [7])[0]
        for seed in (0, 1)
    )
    assert np.array_equal(first.logits, other.logits)
    assert not np.array_equal(first.answers("final_mem", "input_dropout"), other.answers("final_mem", "input_dropout"))


def test_what_was_measured_in_training_is_of_the_mean_membrane() -> None:
    """With a rate that moves nothing, the history's accuracy is that of the signals; another readout has another."""
    members = np.ones((1, 120), bool)
    history = {}
    for readout in ("final", "mean"):
        still = spec(readout=readout, epochs=1, num_steps=9).model_copy(update={"learning_rate": 1e-30})
        signals, (network,) = trained_on(still, iris(), members, [3])
        right = signals.logits[0, :120].argmax(1) == signals.labels[:120]
        assert network.history[0].accuracy == pytest.approx(right.mean())
        losses = nn.functional.cross_entropy(
            torch.from_numpy(signals.logits[0, :120]), torch.from_numpy(signals.labels[:120])
        )
        assert network.history[0].loss == pytest.approx(losses.item(), abs=1e-5)
        history[readout] = network.history[0].loss
    assert history["final"] != pytest.approx(history["mean"], abs=1e-3)


def on_gpu(kind: str) -> Cohort:
    """A training of a kind; where it is private, the accountant must be there."""
    if "private" in kind:
        pytest.importorskip("dp_accounting")
    return train(spec_of(kind), device="cuda")


@pytest.mark.gpu
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"registered"}))
def test_a_gpu_trains_what_a_cpu_trains(kind: str) -> None:
    """From the same seed, batches, noise and initial weights; rounding makes another network of it, as accurate.

    A registered model that draws random numbers draws those of its device.
    """
    there = on_gpu(kind)
    (on_cpu,), (network,) = train(spec_of(kind)).networks, there.networks
    assert there.signals.logits.dtype == np.float32
    assert abs(network.history[0].loss - on_cpu.history[0].loss) < 0.1
    assert abs(network.train_accuracy - on_cpu.train_accuracy) < 0.2
    assert on_cpu.operations is not None
    assert network.operations is not None
    for layer, other in zip(network.operations.layers, on_cpu.operations.layers, strict=True):
        assert (layer.dense, layer.updates, layer.weights) == (other.dense, other.updates, other.weights)


@pytest.mark.gpu
@pytest.mark.parametrize("kind", KINDS)
def test_a_gpu_repeats_itself(kind: str) -> None:
    """The same seed on the same device: the same bits."""
    assert same(on_gpu(kind), on_gpu(kind))


@pytest.mark.parametrize("fields", [{"model": "ann"}, {}, {"weight_bit_width": 4, "act_bit_width": 4}])
def test_untrained_networks_have_the_initial_weights_of_the_trained_ones(fields: dict[str, Any]) -> None:
    """A training of hardly any step leaves their outputs as they were, readout by readout; membership is the same."""
    members, state = subsets(2), torch.get_rng_state()
    untrained = query_untrained(spec(**fields), iris(), members, [7, 8])
    assert torch.equal(torch.get_rng_state(), state), "what others draw must not change"
    signals, _ = trained_on(spec(**fields).model_copy(update={"learning_rate": 1e-30}), iris(), members, [7, 8])
    assert untrained.outputs.keys() == signals.outputs.keys()
    for key, outputs in untrained.outputs.items():
        np.testing.assert_allclose(outputs, signals.outputs[key], atol=1e-5)
    for name in ("is_member", "labels", "rows", "num_train"):
        assert np.array_equal(getattr(untrained, name), getattr(signals, name))
    assert not np.array_equal(untrained.logits, trained_on(spec(**fields), iris(), members, [7, 8])[0].logits)


def test_a_network_with_a_split_of_its_own_is_trained_and_judged_on_it() -> None:
    """As on these splits alone, to the bit; its outputs and its members stand in the common order."""
    rng, members = np.random.default_rng(0), subsets(2)
    training = np.stack([rng.permutation(150) < 120 for _ in range(2)])
    pool = iris().with_own(training)
    signals, networks = trained_on(spec(), pool, members, [7, 8])
    assert np.array_equal(signals.labels, pool.labels)
    assert np.array_equal(signals.rows, pool.rows)
    for network, (in_training, subset, seed) in enumerate(zip(training, members, [7, 8], strict=True)):
        own, order = pool.of_network(network), pool.places_of(network)
        alone, (trained,) = trained_on(spec(), own, subset[None], [seed])
        assert trained == networks[network]
        assert np.array_equal(alone.logits[0], signals.logits[network][order])
        assert np.array_equal(np.flatnonzero(signals.is_member[network]), np.flatnonzero(in_training)[subset])
        correct = signals.logits[network].argmax(1) == signals.labels
        assert trained.test_accuracy == pytest.approx(correct[~in_training].mean())
        assert trained.train_accuracy == pytest.approx(correct[signals.is_member[network]].mean())


@pytest.mark.gpu
def test_a_split_of_its_own_moves_to_the_gpu_with_the_network() -> None:
    """Tables are scaled on the CPU, and images stay where they are."""
    for splits in (iris(), images(0)):
        training = np.stack([np.random.default_rng(0).permutation(len(splits.rows)) < len(splits.y_train)])
        own = splits.to("cuda").with_own(training).of_network(0)
        there = splits.with_own(training).of_network(0)
        assert own.device.type == "cuda"
        assert torch.equal(own.x_train.cpu(), there.x_train)
        assert torch.equal(own.y_test.cpu(), there.y_test)
