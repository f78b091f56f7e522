"""The data that both sides of a row compute on."""

from dataclasses import replace

import numpy as np
import torch

from privsearch.data import describe_dataset, missing_data
from privsearch.data.image_sources import IMAGES
from privsearch.data.splits import Splits, load_splits
from privsearch.spec.datasets import ImageName


def image_splits(name: ImageName, num_train: int) -> Splits:
    """Load `num_train` training images of an image dataset, or draw random ones of that shape if it has no files."""
    if not missing_data([name]):
        return load_splits(name, seed=0, train_size=num_train, test_size=10)
    info = describe_dataset(name)
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(256, (num_train, *info.input_shape), dtype=torch.uint8, generator=generator)
    y = torch.arange(num_train) % info.num_classes
    return Splits(info, x, y, x[:10], y[:10], np.arange(num_train + 10), IMAGES[name].preprocessing)


def plain_image_splits(name: ImageName, num_train: int) -> Splits:
    """Load `image_splits` without augmentation, so that both sides of a row see the same images."""
    splits = image_splits(name, num_train)
    preprocessing = replace(IMAGES[name].preprocessing, crop_padding=0, flip_probability=0.0)
    return replace(splits, info=replace(splits.info, augments=False), preprocessing=preprocessing)
