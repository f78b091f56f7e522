"""The ANN ConvNet on CIFAR-10 as torchvision's tutorials write it: a Dataset, transforms, a DataLoader."""

from pathlib import Path

import numpy as np
from torch import nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import CIFAR10, VisionDataset

NORMALIZED = (transforms.ToTensor(), transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)))
AUGMENTED = (transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(), *NORMALIZED)


class SomeOfCifar10(CIFAR10):  # type: ignore[misc]  # torchvision ships no types
    """A CIFAR10 of torchvision that is given its images instead of reading all; its `__getitem__` is torchvision's.

    Args:
        images: `(n, 32, 32, 3)`, 8 bits a pixel.
        targets: the classes of the images.
        steps: the transforms, in order.
    """

    def __init__(self, images: np.ndarray, targets: list[int], steps: tuple[object, ...]) -> None:
        VisionDataset.__init__(self, Path(), transform=transforms.Compose(steps))
        self.data = images
        self.targets = targets


def loader(dataset: SomeOfCifar10, *, shuffle: bool) -> DataLoader[object]:
    """Build a DataLoader of batches of 128 that works in this process: a sweep's workers already fill the cores."""
    return DataLoader(dataset, batch_size=128, shuffle=shuffle, num_workers=0)


def convnet() -> nn.Sequential:
    """Build the ConvNet of Moshruba et al. 2025, Table I, from torch's own layers."""
    return nn.Sequential(
        nn.Conv2d(3, 32, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 8 * 8, 1000),
        nn.ReLU(),
        nn.Linear(1000, 10),
    )
