from typing import Any

import pytest
from builders import make_completed
from counted_networks import conventional, counted, spiking

from privsearch.analysis.tasks import Task, tasks
from privsearch.report.terminal.energy import energy_table
from privsearch.report.terminal.front import front_key
from privsearch.report.wording.energy import energy_key, energy_words, equal_bits_words
from privsearch.report.wording.formats import MISSING
from privsearch.report.wording.fronts import missing_words
from privsearch.spec import HalvesProtocol, SweepSpec
from privsearch.study.result import Completed

HALVES = HalvesProtocol(networks=4)
SWEEP: dict[str, Any] = {"name": "a", "datasets": ["iris"], "protocol": "halves", "attacks": ["loss"]}
SWEEP |= {"grids": {"a": {"model": ["ann", "snn"]}}}
WITH_ENERGY = {"test_accuracy": "maximize", "worst.auc": "minimize", "energy.bits": "minimize"}


def trial(number: int, **fields: Any) -> Completed:
    attacks = SweepSpec.model_validate(SWEEP).attacks
    return make_completed(f"{number:016x}", protocol=HALVES, attacks=attacks, **fields)


def task(*results: Completed, objectives: dict[str, str] | None = WITH_ENERGY) -> Task:
    (found,) = tasks(results, SweepSpec.model_validate(SWEEP | {"objectives": objectives}))
    return found


SPIKING = counted(trial(1, model="snn", num_steps=8, accuracy=0.95), spiking(steps=8))
CONVENTIONAL = counted(trial(2, act_bit_width=4, weight_bit_width=4, accuracy=0.9), conventional(bits=4))


def test_energies_are_never_told_by_one_table_alone() -> None:
    """All tables, and both conventions where they differ."""
    row = dict(task(SPIKING).rows.iloc[0])
    assert energy_words(row) == "flat 1.942 (0.6544 once), bits 1.942 (0.6544 once), memory 10.24 (5.271 once)"
    words = energy_words(dict(task(CONVENTIONAL).rows.iloc[0]))
    assert words is not None
    assert "once" not in words
    table = energy_table(task(SPIKING, CONVENTIONAL))
    assert table is not None
    assert [str(column.header).replace("\n", " ") for column in table.columns][1:] == [
        *("firing rate", "flat", "flat once", "bits", "bits once", "memory", "memory once")
    ]
    assert [str(cell) for cell in table.columns[1].cells] == ["0.200", MISSING]


def test_what_carries_as_many_bits_is_named() -> None:
    """Eight steps are a number from 0 to 8: four bits."""
    both = task(SPIKING, CONVENTIONAL)
    (line,) = equal_bits_words(both)
    assert line.startswith("Equal bits: the spikes of 8 steps say as much as activations of 4 bits (Yan et al. 2024;")
    assert line.endswith("Of as many bits is ANN w4 a4.")
    (alone,) = equal_bits_words(task(SPIKING))
    assert alone.endswith("there is no ANN here: one with wider activations is no equal.")


def test_costs_are_told_with_their_sources_where_they_are_asked_for() -> None:
    """Once for all fronts, and nowhere else."""
    both = task(SPIKING, CONVENTIONAL)
    meaning, costs = energy_key([both, both])
    assert meaning.startswith("Energy: nanojoules for an example of the test split, by each table of costs.")
    assert costs.startswith("Costs: flat 4.6 pJ a MAC, 0.9 an AC, 4.6 a membrane update (Horowitz 2014, 45 nm); bits ")
    assert costs.endswith("(Lemaire et al. 2022, arXiv 2210.13107, 45 nm).")
    assert costs in front_key([both])
    unasked = task(SPIKING, CONVENTIONAL, objectives=None)
    assert [*energy_key([unasked]), *equal_bits_words(unasked)] == []
    assert energy_table(unasked) is None


def test_a_trial_of_before_is_told_why_it_is_on_no_front() -> None:
    """Its operations were not counted."""
    (line,) = missing_words(task(SPIKING, trial(2)))
    assert line == (
        "1 of 2 completed configurations have no bits energy (nJ), and so cannot be on the front: their operations "
        "were not counted, as in what an earlier privsearch recorded; run the sweep into another --study."
    )
    assert energy_words(dict(task(trial(2)).rows.iloc[0])) is None


@pytest.mark.parametrize("objectives", [WITH_ENERGY, {"test_accuracy": "maximize", "macs": "minimize"}])
def test_a_front_without_a_known_energy_has_no_table(objectives: dict[str, str]) -> None:
    """A study of before is shown as it was."""
    assert energy_table(task(trial(1), trial(2), objectives=objectives)) is None
