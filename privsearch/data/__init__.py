"""Datasets: read, checked, described, split.

Each source has a file that turns a `Dataset` of the spec into a `RawDataset`. A new source is one more file and one
more case in `load_dataset`.

array_labels.py     arrays of labels: in a column, as floats, one-hot
array_names.py      the names of arrays in the wild
arrays.py           the source of a user's own arrays: NPZ archives, NPY files, registered functions
channels.py         channels of images that tell nothing: told, or left out
column_names.py     the names of a table's columns, checked alike
columnar.py         tables in Parquet and Arrow files
dataset.py          a dataset by its name: its arrays, description and fingerprint
delimited.py        tables of text: encoding, delimiter and decimal mark recognised
describe.py         a file of data described, and the entry of a sweep that reads it
directory.py        the directory of downloaded datasets
embedded.py         the source of scikit-learn's datasets
examine.py          class sizes, identical rows and odd values, to be known before a training
fetch.py            downloads of the image datasets
files.py            the files of a user's own data, unpacked as they are read
folder_listing.py   the files in a folder of images, by split and class
given_arrays.py     arrays of outputs that were brought, checked one by one
given_outputs.py    outputs of networks trained elsewhere
grouped.py          examples drawn in groups, each as a whole
image_folders.py    the source of a user's own folders of images
image_readers.py    the formats of the image datasets' files
image_sources.py    the files, shapes and classes of the image datasets
images.py           the source of image datasets, shared by all processes of a machine
labels.py           the rules for labels, and classes numbered from 0
layout.py           arrays of images, their axes put in order and their values scaled
number_marks.py     the decimal mark of numbers, and what stands between thousands
persons.py          persons, each with all of its examples, as the units of membership
pictures.py         image files turned into arrays
precision.py        tables in 32 bits, or in 64 where 32 would blur a column
prepared.py         arrays made once per machine, shared by its processes
preprocessing.py    stored images turned into inputs; needs torch
public_ranges.py    columns of tables scaled by ranges that do not follow from the data
raw.py              a dataset before it is split
repeats.py          identical rows: counted, dropped, or kept together
sequences.py        arrays over time, of lengths that may differ
splits.py           a dataset split, subsampled and scaled; needs torch
stratified.py       examples drawn with the classes in their proportions
subgroups.py        the subgroups that data name: which one each example is in
suspects.py         columns of a table that a network should hardly see
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
from privsearch.data.examine import Findings, Persons, examine_dataset, examine_datasets
from privsearch.data.raw import RawDataset

__all__ = [
    "DatasetInfo",
    "Findings",
    "Persons",
    "RawDataset",
    "describe_dataset",
    "examine_dataset",
    "examine_datasets",
    "list_datasets",
    "load_dataset",
    "missing_data",
    "require_datasets",
]
