"""One network trained on all data by the recipe of a configuration, for whoever needs one to use."""

from dataclasses import dataclass

import numpy as np

from privsearch.attacks.protocols.seeding import Stream, random_stream
from privsearch.data.splits import Splits, load_splits
from privsearch.errors import StudyError
from privsearch.models import Network, RegisteredNetwork
from privsearch.models.training import EpochListener, Listeners, train_cohort
from privsearch.spec import TrialSpec
from privsearch.study.result import TrainedNetwork


@dataclass(frozen=True)
class OnAllData:
    """A network that was trained on all data.

    Attributes:
        network: the network, in eval mode.
        splits: its data; all of its training examples are in the training split.
        measured: its accuracies. That on the test split is one on data that it has not seen only where
            `has_test_accuracy`.
        seed: the seed of its initial weights and of the order of its batches.
        has_test_accuracy: True if the data bring a test split of their own, which it was not trained on.
    """

    network: Network
    splits: Splits
    measured: TrainedNetwork
    seed: int
    has_test_accuracy: bool


def train_on_all(spec: TrialSpec, on_epoch: EpochListener | None = None, device: str = "cpu") -> OnAllData:
    """Train one network with the right labels on all examples that the trial has, but for a test split that data bring.

    Args:
        spec: the trial, canonical, of a built-in model.
        on_epoch: told of each epoch.
        device: the device to train on, as torch names it.

    Raises:
        DataError: the dataset is missing or unfit.
        StudyError: the network is a registered one.
        DivergedError: the training diverges.
    """
    splits = load_splits(spec.dataset, seed=spec.seed, train_size=spec.train_size, test_size=spec.test_size)
    has_own_test = splits.info.has_own_test_split
    if not has_own_test:
        splits = splits.with_all_in_training()
    everything = np.ones((1, len(splits.y_train)), dtype=bool)
    seed = int(random_stream(spec.seed, 0, Stream.ALL_DATA).integers(2**63))
    trained: list[Network | RegisteredNetwork] = []
    listeners = Listeners(on_epoch, lambda _, network: trained.append(network))
    cohort = train_cohort(spec, splits, everything, [seed], listeners, device)
    network = trained[0].cpu().eval()
    if not isinstance(network, Network):
        raise StudyError(f"{spec.model}: must be a built-in model, but is one of yours, which only you can build")
    return OnAllData(network, splits, cohort.networks[0], seed, has_own_test)
