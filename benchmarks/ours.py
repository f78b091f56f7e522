"""Our side of the training rows, by the functions that a trial calls."""

import torch
from torch import Tensor

from benchmarks.row import Round
from benchmarks.trained import training_round
from privsearch.data.splits import Splits
from privsearch.models import Network, build_network
from privsearch.models.allocator import keep_freed_memory
from privsearch.models.arithmetic import without_subnormals
from privsearch.models.epochs import AfterStep, Learner, Pass, Progress, train_pass
from privsearch.spec import TrialSpec


def training_epoch(
    spec: TrialSpec, splits: Splits, *, shuffled: bool = False, after_step: AfterStep | None = None
) -> Round:
    """Build a network of seed 0 and return its round: one pass over the training split, as in a trial.

    Args:
        spec: the trial, canonical or not.
        splits: the data, on the device to train on.
        shuffled: True if each round draws its batches anew, False if they keep the order of the split.
        after_step: the function to call after every step.
    """
    keep_freed_memory()
    spec = spec.canonical(splits.info.network, augments=splits.info.augments)
    network = new_network(spec, splits)
    learner = Learner.of(network, spec, splits, seed=0)
    outputs: list[Tensor] = []
    network.register_forward_hook(lambda _, __, output: outputs.append(output.detach()))
    network.train()

    def epoch() -> tuple[float, Tensor]:
        outputs.clear()
        count = len(splits.y_train)
        order = torch.randperm(count, generator=learner.generator) if shuffled else torch.arange(count)
        current = Pass.over(order, splits.device)
        progress = Progress([], current)
        stepped = (lambda: after_step(learner, progress)) if after_step else None
        with without_subnormals():
            trained = train_pass(learner, current, spec.batch_size, stepped)
        return trained.loss, outputs[0]

    return training_round(network, epoch)


def new_network(spec: TrialSpec, splits: Splits) -> Network:
    """Build the network of a canonical spec from seed 0, from which both sides draw their weights."""
    torch.manual_seed(0)
    return build_network(spec, splits.info.input_shape, splits.info.num_classes).to(splits.device)
