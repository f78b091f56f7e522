"""What to run: the sweep that a user asks for (`SweepSpec`) and the trials that it stands for (`TrialSpec`)."""

from privsearch.spec.attacks import (
    WORST,
    Attack,
    LabelOnlyAttack,
    LiraAttack,
    Readout,
    RegisteredAttack,
    RmiaAttack,
    SvmAttack,
    ThresholdAttack,
    leading_attack,
)
from privsearch.spec.constraints import Constraint, Constraints
from privsearch.spec.datasets import (
    CsvDataset,
    Dataset,
    DatasetName,
    EmbeddedName,
    Network,
    NpzDataset,
    RegisteredDataset,
    dataset_name,
)
from privsearch.spec.objectives import Direction, Objectives
from privsearch.spec.protocols import HalvesProtocol, PaperProtocol, Protocol, Queries
from privsearch.spec.resources import Device, Resources, RetryPolicy
from privsearch.spec.search import Search
from privsearch.spec.sweep import SweepSpec, TrialRequest
from privsearch.spec.trial import AXES, NUMERICS_VERSION, SurrogateGradient, TrialSpec

__all__ = [
    "AXES",
    "NUMERICS_VERSION",
    "WORST",
    "Attack",
    "Constraint",
    "Constraints",
    "CsvDataset",
    "Dataset",
    "DatasetName",
    "Device",
    "Direction",
    "EmbeddedName",
    "HalvesProtocol",
    "LabelOnlyAttack",
    "LiraAttack",
    "Network",
    "NpzDataset",
    "Objectives",
    "PaperProtocol",
    "Protocol",
    "Queries",
    "Readout",
    "RegisteredAttack",
    "RegisteredDataset",
    "Resources",
    "RetryPolicy",
    "RmiaAttack",
    "Search",
    "SurrogateGradient",
    "SvmAttack",
    "SweepSpec",
    "ThresholdAttack",
    "TrialRequest",
    "TrialSpec",
    "dataset_name",
    "leading_attack",
]
