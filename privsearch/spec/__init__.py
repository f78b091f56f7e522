"""What to run: the sweep that a user asks for (`SweepSpec`) and the trials that it stands for (`TrialSpec`)."""

from privsearch.spec.components import (
    Attack,
    CsvDataset,
    Dataset,
    DatasetName,
    EmbeddedName,
    Network,
    NpzDataset,
    PaperProtocol,
    Protocol,
    SvmAttack,
    dataset_name,
)
from privsearch.spec.sweep import Asked, Direction, SweepSpec
from privsearch.spec.trial import AXES, MEANING_VERSION, SurrogateGradient, TrialSpec

__all__ = [
    "AXES",
    "MEANING_VERSION",
    "Asked",
    "Attack",
    "CsvDataset",
    "Dataset",
    "DatasetName",
    "Direction",
    "EmbeddedName",
    "Network",
    "NpzDataset",
    "PaperProtocol",
    "Protocol",
    "SurrogateGradient",
    "SvmAttack",
    "SweepSpec",
    "TrialSpec",
    "dataset_name",
]
