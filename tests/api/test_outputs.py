"""Audits of what was trained elsewhere: recorded as a study, and read by all that reads studies."""

from pathlib import Path

import numpy as np
import pytest
import torch
from foreign_outputs import Foreign, pairs, simulate

import privsearch
from privsearch.errors import DataError, SpecError, StudyError

pytestmark = pytest.mark.usefixtures("blank_fronts")
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def foreign() -> Foreign:
    """Four networks in pairs on 80 examples, and 40 strangers, with two subgroups."""
    groups = np.array(["young", "old"] * 60)
    return simulate(pairs(4, 80, np.random.default_rng(1), 40), 1, effect=1.0, groups=groups)


def test_outputs_are_a_study(foreign: Foreign) -> None:
    """Its tables, exposed examples, slices and page are those of a study; the audit's own views are of its trial."""
    audit = privsearch.audit_outputs(
        foreign.logits, foreign.is_member, foreign.labels, **foreign.others, attacks=["loss", "lira"], model="mine"
    )
    assert audit.study.path == Path("studies/outputs")
    study = privsearch.load_study("studies/outputs")
    assert study.frame()["model"].tolist() == ["mine-v1"]
    assert study.frame()[["epochs", "batch_size", "learning_rate"]].isna().all(axis=None)
    assert audit.table["attack"].tolist() == ["loss", "lira_shrunken", "worst"]
    assert set(audit.exposed["row"]) <= set(range(80))
    assert "group young" in set(audit.slices["slice"])
    assert any("in each subgroup" in line for line in audit.findings.groups)
    assert privsearch.check_study(study).is_sound
    assert "worst AUC" in repr(audit)


def test_the_rows_are_those_that_were_given(foreign: Foreign) -> None:
    """Wherever the population stands among the examples, exposed examples have the numbers that they came with."""
    turned = slice(None, None, -1)
    audits = [
        privsearch.audit_outputs(
            foreign.logits[:, order],
            foreign.is_member[:, order],
            foreign.labels[order],
            attacks=["loss"],
            study=f"study{k}",
        )
        for k, order in enumerate((slice(None), turned))
    ]
    assert audits[0].exposed["row"].tolist()[:3] == [119 - row for row in audits[1].exposed["row"].tolist()[:3]]
    assert audits[0].table["auc"].tolist() == audits[1].table["auc"].tolist()


def test_other_networks_join_the_study_and_later_ones_replace_them(foreign: Foreign) -> None:
    """Of one name the last outputs count; the same ones again are not attacked again, but for a new attack."""
    given = {"study": "study", "attacks": ["loss"]}
    first = privsearch.audit_outputs(foreign.logits, foreign.is_member, foreign.labels, model="one", **given)
    lines = (first.study.path / "trials.jsonl").read_bytes()
    again = privsearch.audit_outputs(foreign.logits, foreign.is_member, foreign.labels, model="one", **given)
    assert (again.trial_id, (first.study.path / "trials.jsonl").read_bytes()) == (first.trial_id, lines)
    other = privsearch.audit_outputs(foreign.logits * 2, foreign.is_member, foreign.labels, model="other", **given)
    assert other.study.frame()["model"].tolist() == ["one-v1", "other-v1"]
    found = privsearch.diff_trials("study", "one-v1", "other-v1").table
    assert len(found)
    third = privsearch.audit_outputs(
        foreign.logits * 3, foreign.is_member, foreign.labels, model="one", study="study", attacks=["loss", "entropy"]
    )
    assert any("take the place of" in line for line in third.told)
    assert set(third.study.frame()["trial_id"]) == {other.trial_id, third.trial_id}
    assert third.table["attack"].tolist() == ["loss", "entropy", "worst"]


def test_other_examples_need_another_study(foreign: Foreign) -> None:
    """So do other members: targets could not be compared."""
    privsearch.audit_outputs(foreign.logits, foreign.is_member, foreign.labels, attacks=["loss"])
    with pytest.raises(StudyError, match="holds outputs for other examples or members"):
        privsearch.audit_outputs(foreign.logits, ~foreign.is_member, foreign.labels, attacks=["loss"])


def test_nothing_can_be_trained_again(foreign: Foreign) -> None:
    """Its sweep is no sweep to run, and none of its trials can be exported."""
    audit = privsearch.audit_outputs(foreign.logits, foreign.is_member, foreign.labels, attacks=["loss"])
    with pytest.raises(SpecError, match="outputs of networks that were trained elsewhere"):
        privsearch.plan_sweep(audit.study.path / "sweep.yaml")
    with pytest.raises(StudyError, match="trained elsewhere"):
        privsearch.export_trial(audit.study, audit.trial_id)


def test_probabilities_give_what_their_logits_give(foreign: Foreign) -> None:
    """The kind is told if it was not said, and names of classes stand for columns."""
    names = np.array(["x", "y", "z"])
    logits = privsearch.audit_outputs(
        foreign.logits, foreign.is_member, foreign.labels, attacks=["loss", "lira"], study="one"
    )
    probabilities = privsearch.audit_outputs(
        foreign.probabilities,
        foreign.is_member,
        names[foreign.labels],
        classes=names,
        attacks=["loss", "lira"],
        study="other",
    )
    np.testing.assert_allclose(logits.table["auc"], probabilities.table["auc"], atol=1e-3)
    assert "taken for probabilities" in probabilities.told[0]
    assert not any("taken for probabilities" in line for line in logits.told)


def test_networks_are_asked_in_evaluation_mode() -> None:
    """Dropout is off while they are asked, and on again afterwards; rows may be indices or masks."""
    x = RNG.normal(size=(60, 5)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)
    halves = privsearch.draw_halves(60, networks=4)

    def networks():  # type: ignore[no-untyped-def]
        for k, rows in enumerate(halves):
            torch.manual_seed(k)
            module = torch.nn.Sequential(torch.nn.Linear(5, 2), torch.nn.Dropout(0.5))
            module[0].weight.data[1, 0] += 3
            yield module, rows if k % 2 else np.flatnonzero(rows)

    made = list(networks())
    audits = [privsearch.audit_networks(made, x, y, attacks=["loss"], study=f"study{k}") for k in range(2)]
    assert audits[0].trial_id == audits[1].trial_id
    assert all(module.training for module, _ in made)


@pytest.mark.parametrize(
    ("networks", "said"),
    [
        ([], "there must be one network at least"),
        ([torch.nn.Linear(5, 2)], "there must be pairs"),
        ([(torch.nn.Linear(4, 2), [0, 1])], "it must answer a batch of shape"),
        ([(torch.nn.Linear(5, 2), [0, 60])], "must lie between 0 and 59"),
        ([(torch.nn.Linear(5, 2), [0.5])], "must be indices, or truth values for all 60 examples"),
        ([(lambda x: x[0], [0, 1])], "it must answer with a row of numbers for each example"),
        ([(torch.nn.Linear(5, 2), range(9)), (torch.nn.Linear(5, 3), range(9))], "must answer with as many classes"),
    ],
)
def test_networks_that_cannot_be_asked_are_told(networks: list[object], said: str) -> None:
    """By their number, with what is wrong."""
    x, y = np.zeros((60, 5)), np.arange(60) % 2
    with pytest.raises(DataError, match=said):
        privsearch.audit_networks(networks, x, y)  # type: ignore[arg-type]


def test_halves_are_drawn_in_pairs() -> None:
    """Each example is in one network of each pair; an odd number of networks is refused."""
    halves = privsearch.draw_halves(30, networks=6)
    assert (halves[::2] == ~halves[1::2]).all()
    with pytest.raises(SpecError, match="an even number of at least 4, but got 5"):
        privsearch.draw_halves(30, networks=5)
