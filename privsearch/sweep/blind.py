"""The blind baselines of data with a test split of their own: what they need of the data, and of untrained networks."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool

from privsearch.analysis.two_samples import FEWEST, classifier_auc
from privsearch.data.sequences import without_padding
from privsearch.data.splits import Splits
from privsearch.models.training import query_untrained
from privsearch.spec import TrialSpec
from privsearch.study.blind import BlindSignals, InputsBaseline

MOST_EXAMPLES: Final = 4000
"""The examples of either split that the classifier is given, at most: a second's work, and an AUC good to 0.02."""


def blind_signals(
    spec: TrialSpec,
    splits: Splits,
    subsets: Bool[np.ndarray, "networks num_train"],
    seeds: Sequence[int],
    device: str = "cpu",
    *,
    only: Sequence[int] | None = None,
) -> BlindSignals:
    """Return what the blind baselines of a trial are computed from, for attacks now and later.

    Args:
        spec: the configuration, canonical.
        splits: the data.
        subsets: `(networks, num_train)`: the examples that each network is trained on.
        seeds: the networks' seeds.
        device: the networks' device, as torch names it.
        only: the indices of the networks to query, in order; None for all.
    """
    untrained = query_untrained(spec, splits, subsets, seeds, device, only=only)
    return BlindSignals(inputs_baseline(splits, spec.seed), untrained)


@lru_cache(maxsize=4)  # trials on the same splits share them
def inputs_baseline(splits: Splits, seed: int) -> InputsBaseline | None:
    """Measure how well a classifier tells the training from the test split by inputs and labels.

    Args:
        splits: the data; what a network is given of them, without augmentation, is the classifier's input.
        seed: the seed of the sweep; decides all that is left to chance.

    Returns:
        None if a split has too few examples.
    """
    if min(len(splits.y_train), len(splits.y_test)) < FEWEST:
        return None
    rng = np.random.default_rng(seed)
    parts = [
        (without_padding(splits.inputs(x[drawn]).cpu().numpy()).reshape(len(drawn), -1), y[drawn].cpu().numpy())
        for x, y in ((splits.x_train, splits.y_train), (splits.x_test, splits.y_test))
        for drawn in [torch.from_numpy(np.sort(rng.permutation(len(y))[:MOST_EXAMPLES]))]
    ]
    inputs, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    of_training_split = np.arange(len(labels)) < len(parts[0][1])
    auc, num_members, num_non_members = classifier_auc(inputs, labels, of_training_split, rng)
    return InputsBaseline(auc=auc, num_members=num_members, num_non_members=num_non_members)
