"""A trial of Moshruba et al. 2025 as one plain script: torchvision or scikit-learn's data, snnTorch, SVC."""

import os
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

from benchmarks.peers.snntorch_loops import FCNetLoop, HeadLoop
from benchmarks.peers.training import train_epoch

Examples = Subset[Any] | TensorDataset


@dataclass(frozen=True)
class PlainTrial:
    """A configuration of the plain script.

    Attributes:
        dataset: mnist, iris or breast_cancer.
        model: snn, or ann for a table.
        weight_bit_width: None for 32-bit floats.
        epochs: the epochs of each network.
        batch_size: the batch size in training.
        replicates: pairs of target and shadow, over which the results are averaged.
        per_class: True if each class gets an SVM of its own.
        num_train: examples kept of the training split; None for all.
        num_test: examples kept of the test split; None for all.
    """

    dataset: str
    model: str
    weight_bit_width: int | None = None
    epochs: int = 20
    batch_size: int = 128
    replicates: int = 1
    per_class: bool = False
    num_train: int | None = None
    num_test: int | None = None


def run(trial: PlainTrial) -> dict[str, float]:
    """Train and attack, and return `test_accuracy` and `auc`: fractions, means over the replicates."""
    replicates = [_replicate(trial, seed) for seed in range(trial.replicates)]
    return {name: float(np.mean([replicate[name] for replicate in replicates])) for name in replicates[0]}


def _replicate(trial: PlainTrial, seed: int) -> dict[str, float]:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    train, test = _splits(trial)
    in_shadow = rng.permutation(len(train))[: round(0.8 * len(train))].tolist()
    target, shadow = _train(trial, train), _train(trial, Subset(train, in_shadow))
    target_train, train_labels = _outputs(target, train)
    target_test, test_labels = _outputs(target, test)
    shadow_in, shadow_labels = _outputs(shadow, Subset(train, in_shadow))
    shadow_out, _ = _outputs(shadow, test)
    labels = np.concatenate([train_labels, test_labels])
    asked = np.concatenate([target_train, target_test])
    is_member = np.arange(len(labels)) < len(train)
    scores = np.empty(len(labels))
    for label in np.unique(labels) if trial.per_class else [None]:
        inside, outside, judged = (
            np.ones(len(of), dtype=bool) if label is None else of == label
            for of in (shadow_labels, test_labels, labels)
        )
        scores[judged] = _attack(shadow_in[inside], shadow_out[outside], asked[judged], rng)
    accuracy = float((target_test.argmax(1) == test_labels).mean())
    return {"test_accuracy": accuracy, "auc": float(roc_auc_score(is_member, scores))}


def _attack(members: np.ndarray, others: np.ndarray, asked: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Compute distances from the boundary of an SVM that is fitted on as many members as non-members."""
    size = min(len(members), len(others))
    x = np.concatenate([rng.permutation(members)[:size], rng.permutation(others)[:size]])
    scores: np.ndarray = SVC(kernel="rbf").fit(x, np.arange(2 * size) < size).decision_function(asked)
    return scores


def _train(trial: PlainTrial, examples: Examples) -> nn.Module:
    network = _network(trial, *examples[0][0].shape)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    loader = DataLoader(examples, batch_size=trial.batch_size, shuffle=True)
    for _ in range(trial.epochs):
        train_epoch(network, optimizer, loader)
    return network


def _outputs(network: nn.Module, examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    network.eval()
    with torch.no_grad():
        answers = [(network(x), labels) for x, labels in DataLoader(examples, batch_size=256)]
    logits, labels = (torch.cat(part).numpy() for part in zip(*answers, strict=True))
    return logits, labels


def _network(trial: PlainTrial, *input_shape: int) -> nn.Module:
    if trial.dataset == "mnist":
        return HeadLoop(num_steps=25)
    linear: Any = nn.Linear
    if trial.weight_bit_width:
        from brevitas.nn import QuantLinear

        linear = partial(QuantLinear, bias=True, weight_bit_width=trial.weight_bit_width)
    num_features, num_classes = input_shape[0], {"iris": 3, "breast_cancer": 2}[trial.dataset]
    if trial.model == "snn":
        return FCNetLoop(25, num_features, num_classes, linear)
    return nn.Sequential(linear(num_features, 1000), nn.ReLU(), linear(1000, num_classes))


def _splits(trial: PlainTrial) -> tuple[Examples, Examples]:
    if trial.dataset == "mnist":
        from torchvision.datasets import MNIST
        from torchvision.transforms import ToTensor

        train, test = (
            MNIST(os.environ["PRIVSEARCH_DATA_DIR"], train=train, transform=ToTensor()) for train in (True, False)
        )
        sizes = trial.num_train or len(train), trial.num_test or len(test)
        return Subset(train, range(sizes[0])), Subset(test, range(sizes[1]))
    bunch = {"iris": load_iris, "breast_cancer": load_breast_cancer}[trial.dataset]()
    x_train, x_test, y_train, y_test = train_test_split(
        bunch.data, bunch.target, test_size=0.2, stratify=bunch.target, random_state=0
    )
    scaler = StandardScaler().fit(x_train)
    train, test = (
        TensorDataset(torch.tensor(scaler.transform(x), dtype=torch.float32), torch.tensor(y))
        for x, y in ((x_train, y_train), (x_test, y_test))
    )
    return train, test
