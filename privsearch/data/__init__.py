"""Datasets: read, checked, described, split.

Each source has a file that turns a `Dataset` of the spec into a `RawDataset`. A new source is one more file and one
more case in `load_dataset`.

arrays.py           the source of a user's own arrays: NPZ archives, registered functions
columnar.py         tables in Parquet and Arrow files
dataset.py          a dataset by its name: its arrays, description and fingerprint
delimited.py        tables of text: encoding, delimiter and decimal mark recognised
directory.py        the directory of downloaded datasets
embedded.py         the source of scikit-learn's datasets
examine.py          class sizes, identical rows and odd values, to be known before a training
fetch.py            downloads of the image datasets
files.py            the files of a user's own data, unpacked as they are read
grouped.py          examples drawn in groups, each as a whole
image_sources.py    the files, shapes and classes of the image datasets
images.py           the source of image datasets, shared by all processes of a machine
labels.py           the rules for labels, and classes numbered from 0
layout.py           arrays of images, their axes put in order and their values scaled
precision.py        tables in 32 bits, or in 64 where 32 would blur a column
preprocessing.py    stored images turned into inputs; needs torch
raw.py              a dataset before it is split
repeats.py          identical rows: counted, dropped, or kept together
sequences.py        arrays over time, of lengths that may differ
splits.py           a dataset split, subsampled and scaled; needs torch
stratified.py       examples drawn with the classes in their proportions
table_inputs.py     categories and missing values of a table turned into inputs
tables.py           the source of a user's own tables
"""

from privsearch.data.dataset import (
    DatasetInfo,
    describe_dataset,
    list_datasets,
    load_dataset,
    missing_data,
    require_datasets,
)
from privsearch.data.examine import Findings, examine_dataset, examine_datasets
from privsearch.data.raw import RawDataset

__all__ = [
    "DatasetInfo",
    "Findings",
    "RawDataset",
    "describe_dataset",
    "examine_dataset",
    "examine_datasets",
    "list_datasets",
    "load_dataset",
    "missing_data",
    "require_datasets",
]
