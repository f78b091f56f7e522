"""Datasets: read, checked, described, split.

One file for each source (`embedded`, `files`, `images`), each turning a `Dataset` of the spec into a `RawDataset`. A
new source is one more file and one more case in `load_dataset`. The splits, which need torch, are in
`privsearch.data.splits`.
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
