"""Datasets: read, checked, described, split.

Each source has a file that turns a `Dataset` of the spec into a `RawDataset`. A new source is one more file and one
more case in `load_dataset`.

dataset.py          a dataset by its name: its arrays, description and fingerprint
directory.py        the directory of downloaded datasets
embedded.py         the source of scikit-learn's datasets
fetch.py            downloads of the image datasets
files.py            the source of a user's own data: CSV, NPZ, registered functions
image_sources.py    the files, shapes and classes of the image datasets
images.py           the source of image datasets, shared by all processes of a machine
preprocessing.py    stored images turned into inputs; needs torch
raw.py              a dataset before it is split, and the rules for its labels
splits.py           a dataset split, subsampled and scaled; needs torch
stratified.py       examples drawn with the classes in their proportions
"""

from privsearch.data.dataset import (
    DatasetInfo,
    describe_dataset,
    list_datasets,
    load_dataset,
    missing_data,
    require_datasets,
)
from privsearch.data.raw import RawDataset

__all__ = [
    "DatasetInfo",
    "RawDataset",
    "describe_dataset",
    "list_datasets",
    "load_dataset",
    "missing_data",
    "require_datasets",
]
