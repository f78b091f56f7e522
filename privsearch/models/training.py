"""The training of a cohort: K training subsets and K seeds in, K networks' outputs on every example out."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from privsearch._util.ending import finishing
from privsearch.data.splits import Splits
from privsearch.errors import DivergedError
from privsearch.models import Network, RegisteredNetwork, build_network
from privsearch.models.allocator import keep_freed_memory
from privsearch.models.arithmetic import exact_convolutions, one_thread, without_subnormals
from privsearch.models.checkpoint import Checkpoints, Keeper
from privsearch.models.encoding import Encoder
from privsearch.models.epochs import Heard, Learner, Progress, train_epochs
from privsearch.models.operations import OperationCounter
from privsearch.models.private_training import PrivateSteps
from privsearch.spec import Protocol, Queries, Recorded, TrialSpec
from privsearch.study.cohort import Cohort, Training
from privsearch.study.result import Epoch, TrainedNetwork
from privsearch.study.signals import Signals

QUERY_BATCH = 256
"""The examples of a batch when a network is queried; bounds the memory of an SNN's T steps."""

MOST_LOSS: Final = 149 * math.log(2)
"""A mean loss, in nats, above which a training has exploded: about 103.

An example's own class then has, on average, a probability that 32-bit floats cannot tell from 0: the least is 2**-149.
"""

EpochListener = Callable[[int, int, Epoch], None]
"""A function called with (network, epoch, measurements) after every epoch; networks and epochs count from 0."""

StepListener = Callable[[int, int, int, int], None]
"""A function called with (network, epoch, step, steps) before every step of an epoch; all but `steps` count from 0."""

_Readouts = Mapping[Recorded, Float[Tensor, "each batch classes"]]
"""The outputs of one network on a batch, by readout."""

_Answers = dict[tuple[Recorded, Queries], Float[Tensor, "views examples classes"]]
"""The outputs of one network, by readout and kind of query."""

NetworkListener = Callable[[int, Network | RegisteredNetwork], None]
"""A function called with (number, network) after the network's training and queries; networks count from 0."""


@dataclass(frozen=True)
class Listeners:
    """The functions that are called in the course of a training, or None."""

    on_epoch: EpochListener | None = None
    on_trained: NetworkListener | None = None
    on_step: StepListener | None = None

    def of(self, network: int) -> Heard:
        """Return the listeners to the epochs and to the steps of one network."""
        on_epoch = partial(self.on_epoch, network) if self.on_epoch else None
        return Heard(on_epoch, partial(self.on_step, network) if self.on_step else None)


def train_cohort(  # noqa: PLR0913  # most calls need the first four
    spec: TrialSpec,
    splits: Splits,
    subsets: Bool[np.ndarray, "networks num_train"],
    seeds: Sequence[int],
    listeners: Listeners = Listeners(),
    device: str = "cpu",
    *,
    only: Sequence[int] | None = None,
    checkpoints: Checkpoints | None = None,
    network_ids: Sequence[str] = (),
) -> Cohort:
    """Train one network for each subset of its training split, and query each on both splits.

    All networks are queried on the same views of an example, which the trial's seed decides. A network's numbers
    depend on `spec`, its subset, its seed and the kind of machine alone, never on the others of the cohort, on the
    process that trains it or on the number of that machine's cores. Initial weights, the order of the batches and their
    augmentation are drawn on the CPU, whatever the device.

    Args:
        spec: the configuration, canonical.
        splits: the data; a network whose training split is another one (`own_training`) is trained on a subset of that,
            and its inputs are scaled by it.
        subsets: `(K, num_train)`: the examples that each network is trained on.
        seeds: K numbers; each decides its network's initial weights, the order of its batches and their augmentation.
        listeners: the functions to call after every epoch and every network, and before every step.
        device: the networks' device, as torch names it.
        only: the indices of the networks to train, in order; None for all.
        checkpoints: the checkpoints that trainings go on from, and write; they change no number. Those of networks that
            are trained stay until the caller, who knows when their outputs are safe, removes them
            (`Checkpoints.remove`, `Checkpoints.until_safe`). None for none.
        network_ids: K names, each of which stands for all that decides its network; needed for checkpoints.

    Returns:
        The trained networks, their examples in the order of `splits` for all networks.

    Raises:
        DivergedError: a loss, a weight or an output is not finite, or the last epoch's loss is above `MOST_LOSS`; the
            message names the network.
        ConstructionError: a network could not be built as the trial specifies it.
    """
    chosen_networks = range(len(subsets)) if only is None else only
    outputs, trained, trainings = [], [], []
    _, logits_from = spec.network_kind
    splits = splits.to(device)
    keep_freed_memory()
    with one_thread(), exact_convolutions():
        for k in chosen_networks:
            subset, seed, own = subsets[k], seeds[k], splits.of_network(k)
            started, num_train = time.perf_counter(), len(own.y_train)
            chosen = torch.from_numpy(np.flatnonzero(subset))
            keeper = Keeper(checkpoints, network_ids[k], device) if checkpoints else None
            with _naming(k, len(subsets), spec), _forgotten_if_diverged(keeper):
                private = PrivateSteps.of(spec, len(chosen))
                promised = private.guarantee if private else None
                network, history = _train(spec, own, chosen, seed, listeners.of(k), keeper, private)
                counter = OperationCounter.of(network, spec, own)
                answers = _query(network, own, spec, counter)
            if listeners.on_trained:
                listeners.on_trained(k, network)
            correct = answers[logits_from, "plain"][0].argmax(1).numpy() == own.labels
            trained.append(
                TrainedNetwork(
                    train_accuracy=float(correct[: len(subset)][subset].mean()),
                    test_accuracy=float(correct[num_train:].mean()),
                    balanced_accuracy=_balanced(correct[num_train:], own.labels[num_train:]),
                    history=tuple(history),
                    dp=promised,
                    operations=counter.operations() if counter else None,
                )
            )
            outputs.append(answers)
            trainings.append(Training(seconds=time.perf_counter() - started))
    return Cohort(_signals(spec, outputs, splits, subsets, chosen_networks), tuple(trained), tuple(trainings))


def _balanced(correct: Bool[np.ndarray, " test"], labels: Int64[np.ndarray, " test"]) -> float:
    """Return the mean of the accuracies on the classes that occur."""
    _, class_of, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    return float(np.mean(np.bincount(class_of, weights=correct) / sizes))


def query_untrained(
    spec: TrialSpec,
    splits: Splits,
    subsets: Bool[np.ndarray, "networks num_train"],
    seeds: Sequence[int],
    device: str = "cpu",
    *,
    only: Sequence[int] | None = None,
) -> Signals:
    """Query the networks of a cohort on both splits, as they are before their training.

    Args:
        spec: the configuration, canonical.
        splits: the data.
        subsets: `(K, num_train)`: the examples that each network is to be trained on.
        seeds: K numbers; each decides its network's initial weights, as in `train_cohort`.
        device: the networks' device, as torch names it.
        only: the indices of the networks to query, in order; None for all.

    Returns:
        The outputs of the untrained networks, with the membership that training gives the examples.

    Raises:
        DivergedError: an output is not finite.
        ConstructionError: a network could not be built as the trial specifies it.
    """
    chosen_networks = range(len(subsets)) if only is None else only
    splits = splits.to(device)
    # What is drawn here must not reach the trainings of others.
    with one_thread(), exact_convolutions(), torch.random.fork_rng(devices=[]):
        outputs = []
        for k in chosen_networks:
            torch.manual_seed(seeds[k])
            own = splits.of_network(k)
            outputs.append(_query(_built(spec, own), own, spec))
    return _signals(spec, outputs, splits, subsets, chosen_networks)


def _signals(
    spec: TrialSpec,
    outputs: Sequence[_Answers],
    splits: Splits,
    subsets: Bool[np.ndarray, "networks num_train"],
    chosen_networks: Sequence[int],
) -> Signals:
    """Join the outputs of some networks of a cohort, each on its own splits, in the common order of the examples."""
    y = splits.labels
    is_member = np.zeros((len(outputs), len(y)), dtype=bool)
    places = [splits.places_of(k) for k in chosen_networks]
    for members, of_network, k in zip(is_member, places, chosen_networks, strict=True):
        members[of_network[: subsets.shape[1]][subsets[k]]] = True
    # Sorting a network's places gives, for each example in the common order, where it stands among the network's.
    stacked = {
        view: np.stack([answers[view].numpy()[:, of.argsort()] for answers, of in zip(outputs, places, strict=True)])
        for view in outputs[0]
    }
    _, logits_from = spec.network_kind
    return Signals(stacked, is_member, y, splits.rows, len(splits.y_train), logits_from=logits_from, **splits.belonging)


@contextmanager
def _naming(network: int, num_networks: int, spec: TrialSpec) -> Iterator[None]:
    """Add the network and a remedy to the message of a divergence."""
    try:
        yield
    except DivergedError as error:
        decay = f", or a weight_decay below {spec.weight_decay:g}" if spec.weight_decay else ""
        raise DivergedError(
            f"network {network + 1} of {num_networks}: {error}; try a learning_rate below {spec.learning_rate:g}{decay}"
        ) from None


@contextmanager
def _forgotten_if_diverged(keeper: Keeper | None) -> Iterator[None]:
    """Remove the checkpoint of a network that diverges, which it would do again."""
    try:
        yield
    except DivergedError:
        if keeper:
            keeper.forget()
        raise


def _train(  # noqa: PLR0913, PLR0917  # one call, which has them all
    spec: TrialSpec,
    splits: Splits,
    chosen: Tensor,
    seed: int,
    heard: Heard,
    keeper: Keeper | None,
    private: PrivateSteps | None,
) -> tuple[Network | RegisteredNetwork, list[Epoch]]:
    """Train one network on the `chosen` examples of the training split, from its checkpoint on if there is one."""
    # The seed holds until the end of the training, since a registered model may draw then, as dropout does.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _built(spec, splits)
        learner = Learner.of(network, spec, splits, seed, private)
        progress = keeper.resume(learner, spec, chosen) if keeper else Progress()
        with finishing() if keeper else nullcontext(), without_subnormals():
            history = train_epochs(learner, spec, chosen, progress, heard, keeper)
        _check_sound(network, history[-1].loss)
        return network, history


def _built(spec: TrialSpec, splits: Splits) -> Network | RegisteredNetwork:
    return build_network(spec, splits.info.input_shape, splits.info.num_classes).to(splits.device)


def _check_sound(network: nn.Module, loss: float) -> None:
    # A neuron whose weights are NaN never fires: the outputs of a broken spiking network may still be finite.
    if not torch.stack([parameter.isfinite().all() for parameter in network.parameters()]).all():
        raise DivergedError("the weights must be finite after training, but some are not")
    if loss > MOST_LOSS:
        raise DivergedError(
            f"the mean training loss of the last epoch must be at most {MOST_LOSS:.0f} (beyond, the right class has no "
            f"probability that 32-bit floats can tell from 0), but is {loss:.3g}"
        )


def _query(
    network: Network | RegisteredNetwork, splits: Splits, spec: TrialSpec, counter: OperationCounter | None = None
) -> _Answers:
    """Compute the network's outputs for both splits, one view after another; a trajectory of the plain view alone.

    Where the spikes of inputs are drawn, an output is the mean over `encoding_queries` draws. On the test split's plain
    view the operations are counted.
    """
    network.eval()
    encoder = Encoder.of(spec, splits)
    draws = (spec.encoding_queries or 1) if encoder.draws else 1
    answers: dict[tuple[Recorded, Queries], list[Tensor]] = {}
    generator = torch.Generator().manual_seed(spec.seed)
    with torch.inference_mode():
        for queries, batches in _views(splits, spec.protocol, generator):
            trajectory = spec.protocol.has_trajectory and queries == "plain"
            counting = counter if queries == "plain" else None
            read = []
            for number, x in enumerate(batches):
                first = max(len(splits.y_train) - number * QUERY_BATCH, 0)  # of the test split in this batch
                watch = counting.watching(first) if counting and first < len(x) else None
                drawn = [
                    network.readouts(encoder(x, generator), trajectory=trajectory, watch=watch) for _ in range(draws)
                ]
                read.append(_mean(drawn))
            for readout in read[0]:
                view = torch.cat([outputs[readout] for outputs in read], dim=1).cpu()
                if not view.isfinite().all():
                    raise DivergedError("the outputs must be finite after training, but some are not")
                answers.setdefault((readout, queries), []).append(view)
    return {key: torch.cat(views) for key, views in answers.items()}


def _mean(draws: Sequence[_Readouts]) -> _Readouts:
    """Return the mean of each output; one draw is as it is."""
    if len(draws) == 1:
        return draws[0]
    return {readout: torch.stack([outputs[readout] for outputs in draws]).mean(0) for readout in draws[0]}


def _views(
    splits: Splits, protocol: Protocol, generator: torch.Generator
) -> Iterator[tuple[Queries, Iterator[Float[Tensor, "batch *input_shape"]]]]:
    """Yield each view of the examples as batches: plain, augmented as in training, with parts of the input missing.

    Source: Guan et al. 2025 (arXiv 2502.13191) for the missing parts.
    """
    dropped = partial(_with_dropout, rate=protocol.dropout_rate, generator=generator)
    for queries, count in protocol.views.items():
        for _ in range(count):
            batches = splits.batches(QUERY_BATCH, generator if queries == "augmented" else None)
            yield queries, map(dropped, batches) if queries == "input_dropout" else batches


def _with_dropout(
    x: Float[Tensor, "batch *input_shape"], rate: float, generator: torch.Generator
) -> Float[Tensor, "batch *input_shape"]:
    """Set each input to zero with probability `rate`."""
    return x * (torch.rand(x.shape, generator=generator) >= rate).to(x.device)
