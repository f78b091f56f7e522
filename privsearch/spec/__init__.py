"""The specification: the sweep that a user asks for (`SweepSpec`), and the trials that it stands for (`TrialSpec`).

architecture.py   the layers of FCNet and ConvNet, and their sizes
attacks.py        the attacks that a sweep may name
axes.py           the axes, their values, and the values that have an effect
bounds.py         the numbers that sweeps and records may hold, each type with its limits
builtin.py        the sweeps that come with privsearch, by their names
columns.py        a column of results as a value; those that objectives and constraints may name
constraints.py    the bounds that a result must keep to be of use
dataset_fields.py  the fields that several kinds of datasets share
datasets.py       the datasets that a sweep may name
differential_privacy.py  DP-SGD as a value of the axis `dp`
dump.py           plain values written as YAML
energy.py         what operations cost: tables as data, with their sources
export_formats.py  the formats of graphs that an export may write
fixed_scaling.py  a table's columns scaled by public ranges
given_protocol.py  the protocol of networks trained elsewhere
grids.py          the grids, and the rules for the values of axes
logits.py         the output that is a network's logits, and the attacks on it
meant.py          what a sweep says that cannot be meant, or seldom is
objectives.py     the columns to maximise or minimise
one_run_protocol.py  the protocol of one training run, with a coin for each audited example
paper_protocol.py  the protocol of the paper, with one split or several
plain_yaml.py     YAML read as plain values, each with its line
problems.py       a sentence for every rule that a sweep breaks
protocol_spec.py  the base of the protocols' specifications
protocols.py      the examples that networks are trained and queried on
race.py           the race of a sweep: from how many networks to how many, and its budget
recorded.py       a trial read from a record, which may be older than some of its axes
recipe.py         how networks are trained, for all datasets or for one
registry.py       users' own datasets, models and attacks, by name
resources.py      the cores and GPUs of a worker, retries, the time limit, and the time between checkpoints
samplers.py       the samplers that a search may name
schema.py         the JSON schema of a sweep file, for editors
search.py         a search: its space, its sampler and its budgets
storage.py        a folder for what a study keeps, by path or URI
strict.py         the configuration that all specifications share
sweep.py          a sweep, and the trials of its grids
sweep_file.py     a sweep file read, with the line of every problem
table_dataset.py  a user's table, and the endings that tell its format
trial.py          a trial: all that its numbers depend on, and its id
"""

from privsearch.spec.attacks import (
    WORST,
    Attack,
    LabelOnlyAttack,
    LiraAttack,
    QuantileRegressionAttack,
    Readout,
    Recorded,
    RegisteredAttack,
    RmiaAttack,
    Seen,
    SvmAttack,
    ThresholdAttack,
    leading_attack,
)
from privsearch.spec.axes import AXES, SurrogateGradient
from privsearch.spec.constraints import Constraint, Constraints
from privsearch.spec.datasets import (
    Dataset,
    DatasetName,
    EmbeddedName,
    FolderDataset,
    Network,
    NpyDataset,
    NpzDataset,
    OutputsDataset,
    RegisteredDataset,
    dataset_name,
)
from privsearch.spec.given_protocol import GivenProtocol
from privsearch.spec.objectives import Direction, Objectives
from privsearch.spec.one_run_protocol import OneRunProtocol
from privsearch.spec.paper_protocol import PaperProtocol
from privsearch.spec.protocol_spec import Queries
from privsearch.spec.protocols import HalvesProtocol, Protocol
from privsearch.spec.resources import Device, Resources, RetryPolicy
from privsearch.spec.search import Search
from privsearch.spec.sweep import SweepSpec, TrialRequest
from privsearch.spec.table_dataset import TableDataset
from privsearch.spec.trial import NUMERICS_VERSION, TrialSpec

__all__ = [
    "AXES",
    "NUMERICS_VERSION",
    "WORST",
    "Attack",
    "Constraint",
    "Constraints",
    "Dataset",
    "DatasetName",
    "Device",
    "Direction",
    "EmbeddedName",
    "FolderDataset",
    "GivenProtocol",
    "HalvesProtocol",
    "LabelOnlyAttack",
    "LiraAttack",
    "Network",
    "NpyDataset",
    "NpzDataset",
    "Objectives",
    "OneRunProtocol",
    "OutputsDataset",
    "PaperProtocol",
    "Protocol",
    "QuantileRegressionAttack",
    "Queries",
    "Readout",
    "Recorded",
    "RegisteredAttack",
    "RegisteredDataset",
    "Resources",
    "RetryPolicy",
    "RmiaAttack",
    "Search",
    "Seen",
    "SurrogateGradient",
    "SvmAttack",
    "SweepSpec",
    "TableDataset",
    "ThresholdAttack",
    "TrialRequest",
    "TrialSpec",
    "dataset_name",
    "leading_attack",
]
