"""The splits of a trial's networks, prepared as they are trained on."""

from privsearch.attacks.protocols import rules_of
from privsearch.data import DatasetInfo, describe_dataset
from privsearch.data.splits import Splits, load_splits
from privsearch.spec import TrialSpec


def canonical(spec: TrialSpec, info: DatasetInfo) -> TrialSpec:
    """Return the canonical form of a trial on a dataset."""
    return spec.canonical(
        info.network,
        augments=info.augments,
        has_own_test_split=info.has_own_test_split,
        num_steps=info.num_steps,
    )


def prepared_splits(spec: TrialSpec) -> Splits:
    """Load the sweep's splits, with those that networks have instead, if the protocol gives them any.

    Args:
        spec: the trial, canonical.

    Raises:
        DataError: the dataset is missing or unfit.
    """
    splits = load_splits(spec.dataset, seed=spec.seed, train_size=spec.train_size, test_size=spec.test_size)
    rules = rules_of(spec.protocol)
    groups = splits.groups[: len(splits.y_train)] if splits.groups else None
    labels = rules.training_labels(splits.y_train.numpy(), splits.info.num_classes, spec.seed, groups)
    splits = splits.with_training_labels(labels)
    return splits.with_own(rules.draw_splits(splits.labels, len(splits.y_train), spec.seed, splits.groups))


def network_splits(spec: TrialSpec, network: int) -> Splits:
    """Load the splits of one network of a trial, with its inputs prepared as they were in its training.

    Args:
        spec: the trial.
        network: its index in the order of training.

    Raises:
        DataError: the dataset is missing or unfit.
    """
    return prepared_splits(canonical(spec, describe_dataset(spec.dataset))).of_network(network)
