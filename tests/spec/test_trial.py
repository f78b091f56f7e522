import hashlib
import json
import random
from typing import Any

import pytest
from other_membranes import OTHER_MEMBRANES
from pydantic import TypeAdapter, ValidationError

from privsearch.spec import HalvesProtocol, PaperProtocol, SvmAttack, TableDataset, TrialSpec
from privsearch.spec.axes import STATE_DEFAULTS
from privsearch.spec.recorded import RecordedSpec

SPEC = TrialSpec(dataset="iris", model="snn").canonical("fcnet")


def test_defaults_that_matter_are_written_out() -> None:
    """A canonical SNN says which surrogate gradient, how many steps and what decay it has."""
    assert (SPEC.surrogate_gradient, SPEC.num_steps, SPEC.beta) == ("fast_sigmoid", 25, 0.95)


def test_saying_a_default_aloud_is_the_same_trial() -> None:
    """None and the default that it stands for have one id."""
    said = TrialSpec(dataset="iris", model="snn", num_steps=25, act_bit_width=4, threshold=1.0).canonical("fcnet")
    unsaid = TrialSpec(dataset="iris", model="snn", act_bit_width=4).canonical("fcnet")
    assert said.trial_id("f") == unsaid.trial_id("f")


@pytest.mark.parametrize(
    "change",
    [
        {"model": "ann"},
        {"weight_bit_width": 4},
        {"epochs": 21},
        {"seed": 1},
        {"protocol": PaperProtocol(replicates=4)},
        {"beta": 0.9},
        {"train_size": 50},
    ],
)
def test_what_changes_the_numbers_changes_the_id(change: dict[str, object]) -> None:
    """Every field that training depends on is part of the trial's identity."""
    assert SPEC.model_copy(update=change).trial_id("f") != SPEC.trial_id("f")


def test_a_trajectory_makes_another_trial_of_an_snn_alone() -> None:
    """An ANN has none, so that what is trained of it is the same."""
    for model in ("ann", "snn"):
        ids = {
            TrialSpec(dataset="iris", model=model, protocol=protocol).canonical("fcnet").trial_id("data")
            for protocol in (HalvesProtocol(), HalvesProtocol(mem_trajectory=True))
        }
        assert len(ids) == (2 if model == "snn" else 1)


STATE = TrialSpec(dataset="iris", model="snn", act_bit_width=4).canonical("fcnet")


def test_each_way_of_quantising_membranes_is_a_trial_of_its_own() -> None:
    """And the default, said aloud or not, is one."""
    ids = {STATE.model_copy(update=change).trial_id("f") for change in OTHER_MEMBRANES}
    assert len(ids - {STATE.trial_id("f")}) == len(OTHER_MEMBRANES)
    said = TrialSpec(dataset="iris", model="snn", act_bit_width=4, **STATE_DEFAULTS).canonical("fcnet")
    assert said.trial_id("f") == STATE.trial_id("f")


@pytest.mark.parametrize("change", OTHER_MEMBRANES, ids=str)
@pytest.mark.parametrize("axes", [{"model": "ann", "act_bit_width": 4}, {"model": "snn"}], ids=str)
def test_how_membranes_are_quantised_matters_only_where_they_are(axes: dict[str, Any], change: dict[str, Any]) -> None:
    """Not in an ANN, and not in full precision."""
    plain = TrialSpec(dataset="iris", **axes).canonical("fcnet")
    assert TrialSpec(dataset="iris", **axes, **change).canonical("fcnet") == plain


def test_ids_move_only_where_numbers_do() -> None:
    """A trial that quantised its readout when all did has the id that it had, and so does one without membranes."""
    ids = {"snn": "620f5af5dc6938b5", "ann": "73444c5dd49dc09e", "former": "7cea07d88685af1d"}
    ann = TrialSpec(dataset="iris", model="ann", act_bit_width=4).canonical("fcnet")
    former = STATE.model_copy(update={"quantize_readout": True, "state_gradient": "straight_through"})
    then = {"snn": SPEC, "ann": ann, "former": former}
    assert {name: spec.trial_id("0" * 64, version=3) for name, spec in then.items()} == ids


def test_a_record_without_these_axes_is_of_a_quantised_readout() -> None:
    """Earlier trials say what they were, and keep their ids; later ones say it themselves."""
    adapter = TypeAdapter[TrialSpec](RecordedSpec)
    earlier = {k: v for k, v in STATE.model_dump(mode="json").items() if k not in STATE_DEFAULTS}
    former = STATE.model_copy(update={"quantize_readout": True, "state_gradient": "straight_through"})
    assert adapter.validate_json(json.dumps(earlier)) == former
    assert adapter.validate_json(STATE.model_dump_json()) == STATE
    full = (
        TrialSpec(dataset="iris", model="snn").canonical("fcnet").model_dump(mode="json", exclude=set(STATE_DEFAULTS))
    )
    assert adapter.validate_json(json.dumps(full)).quantize_readout is None


@pytest.mark.parametrize("sets", ["both", "clip", "firing"])
def test_what_a_threshold_of_1_sets_makes_no_difference(sets: str) -> None:
    """What it does not set is 1 as well; and a range from -0 is one from 0."""
    axes = {"dataset": "iris", "model": "snn", "act_bit_width": 4, "threshold_sets": sets}
    one = TrialSpec.model_validate({**axes, "threshold": 1, "state_range": (0, 1)}).canonical("fcnet")
    assert one.threshold_sets == "both"
    assert str(TrialSpec.model_validate({**axes, "state_range": (-0.0, 1)}).state_range) == "(0.0, 1.0)"
    assert TrialSpec.model_validate({**axes, "threshold": 0.5}).canonical("fcnet").threshold_sets == sets


@pytest.mark.parametrize(
    "given", [[1.2, -1], [0.1, 1.2], [-1, 0], [-1], [-1, 1.2, 2], [-101, 1], "wide", 1.2, [None, 1]]
)
def test_a_range_of_membranes_holds_their_rest(given: object) -> None:
    """Two numbers, with 0 between them: a membrane at rest must have a level near it."""
    with pytest.raises(ValidationError):
        TrialSpec.model_validate({"dataset": "iris", "model": "snn", "act_bit_width": 4, "state_range": given})


def test_a_split_for_each_replicate_is_another_trial() -> None:
    """One split for all is the trial that it has always been, said or not; and so are records that do not say."""
    own = TrialSpec(dataset="iris", model="snn").canonical("fcnet", has_own_test_split=False)
    assert SPEC.protocol == PaperProtocol(resplit=False)
    assert own.protocol == PaperProtocol(resplit=True)
    assert SPEC.trial_id("0" * 64, version=3) == "620f5af5dc6938b5"
    assert own.trial_id("0" * 64, version=3) == "0218fe580d2bf6d5"
    adapter = TypeAdapter[TrialSpec](RecordedSpec)
    assert adapter.validate_json(own.model_dump_json()) == own
    unsaid = SPEC.model_dump(mode="json")
    del unsaid["protocol"]["resplit"]
    assert adapter.validate_python(unsaid) == SPEC
    del unsaid["protocol"]
    assert adapter.validate_python(unsaid) == SPEC
    halves = SPEC.model_copy(update={"protocol": HalvesProtocol()})
    assert adapter.validate_json(halves.model_dump_json()) == halves


def test_the_content_of_a_dataset_is_part_of_the_id_and_its_path_is_not() -> None:
    """Moving a file keeps what was computed from it; changing it does not."""
    here, there = (TrialSpec(dataset=TableDataset(name="d", path=path, label="y"), model="ann") for path in ("a", "b"))
    assert here.trial_id("same") == there.trial_id("same")
    assert here.trial_id("same") != here.trial_id("other")


def test_attacks_are_not_part_of_the_id() -> None:
    """A recorded trial can gain an attack without becoming another trial."""
    more = SPEC.model_copy(update={"attacks": (SvmAttack(), SvmAttack(per_class=True))})
    assert more.trial_id("f") == SPEC.trial_id("f")


def test_the_id_of_a_known_trial_stays() -> None:
    """A change that moves ids loses every record: it must be meant, and raise NUMERICS_VERSION."""
    assert SPEC.trial_id("0" * 64) == "0416bf61ce9999c8"
    assert SPEC.trial_id("0" * 64, version=3) == "620f5af5dc6938b5"


CHOICES: dict[str, list[Any]] = {
    "model": ["ann", "snn"],
    "weight_bit_width": [None, 2, 8],
    "act_bit_width": [None, 3, 4],
    "threshold": [None, 0.5, 1.0],
    "surrogate_gradient": [None, "atan"],
    "num_steps": [None, 5],
    "beta": [None, 0.5],
    "quantize_readout": [None, True, False],
    "state_range": [None, (-1.0, 1.2), (-2.0, 3.0)],
    "state_gradient": [None, "clipped", "straight_through"],
    "epochs": [20, 3],
    "weight_decay": [0.0, 0.1],
    "train_size": [None, 90],
    "seed": [0, 7],
    "protocol": [
        {"kind": "paper"},
        {"kind": "paper", "replicates": 5, "shadow_fraction": 0.5, "resplit": True},
        {"kind": "halves"},
        {"kind": "halves", "networks": 16, "networks_per_attack": 4, "mem_trajectory": True},
        {"kind": "one_run", "replicates": 2, "delta": 1e-5},
    ],
}


def test_the_ids_of_many_known_trials_stay() -> None:
    """Those of trials and of networks, as they are and as they were; they were written down on 30 November 2026."""
    draw, told = random.Random(0), hashlib.sha256()  # noqa: S311  # no secret
    for _ in range(500):
        spec = TrialSpec.model_validate({"dataset": "iris", **{name: draw.choice(v) for name, v in CHOICES.items()}})
        for one in (spec, spec.canonical("convnet", augments=True)):
            ids = one.ids("f"), one.network_ids("g"), one.trial_id("f"), sorted(one.earlier_ids("f"))
            told.update(repr(ids).encode())
    assert told.hexdigest() == "7e6c45dd80dd0b3956c20cc32adc858dcedb4d492eadc1ed0886c889ffb6bef5"


@pytest.mark.parametrize(
    "wrong",
    [
        {"weight_bit_width": 3.5},
        {"weight_bit_width": 1},
        {"weight_bit_width": True},
        {"model": "rnn"},
        {"threshold": float("nan")},
        {"beta": 1.5},
        {"wieght_bit_width": 4},
        {"num_steps": "25"},
        {"attacks": ()},
    ],
)
def test_a_value_outside_its_rule_is_refused(wrong: dict[str, object]) -> None:
    """No coercion, no unknown field, no silent default."""
    with pytest.raises(ValidationError):
        TrialSpec.model_validate({"dataset": "iris", "model": "snn", **wrong})


def test_an_encoding_has_an_effect_on_spiking_networks_alone() -> None:
    """And the number of draws where spikes are drawn."""
    given = {"dataset": "iris", "encoding": "latency", "encoding_queries": 3}
    ann, snn = (TrialSpec(**{**given, "model": model}).canonical("fcnet") for model in ("ann", "snn"))
    assert (ann.encoding, ann.encoding_queries) == (None, None)
    assert (snn.encoding, snn.encoding_queries) == ("latency", None)
    rate = TrialSpec(**{**given, "model": "snn", "encoding": "rate"})
    assert rate.canonical("fcnet").encoding_queries == 3
    assert rate.model_copy(update={"encoding_queries": None}).canonical("fcnet").encoding_queries == 8


def test_a_readout_has_an_effect_on_spiking_networks_alone() -> None:
    """The last membrane leaves the id as it was before there was a choice; the mean has one of its own."""
    recorded = SPEC.model_dump(mode="json", exclude={"readout"})
    assert TypeAdapter[TrialSpec](RecordedSpec).validate_python(recorded) == SPEC
    changes: list[dict[str, object]] = [{"readout": readout} for readout in (None, "final", "mean")]
    specs = [SPEC.model_copy(update=change).canonical("fcnet") for change in changes]
    assert [spec.readout for spec in specs] == ["final", "final", "mean"]
    ids = [spec.trial_id("data") for spec in specs]
    assert ids[0] == ids[1] == SPEC.trial_id("data") != ids[2]
    assert specs[2].network_ids("data")[0] != SPEC.network_ids("data")[0]
    assert TrialSpec(dataset="iris", model="ann", readout="mean").canonical("fcnet").readout is None


@pytest.mark.parametrize(
    ("model", "readout", "names"),
    [
        ("ann", None, ["svm", "svm_mean_mem", "svm_spike_counts"]),
        ("snn", None, ["svm", "svm_mean_mem", "svm_spike_counts"]),
        ("snn", "final", ["svm", "svm_mean_mem", "svm_spike_counts"]),
        ("snn", "mean", ["svm", "svm_final_mem", "svm_spike_counts"]),
    ],
)
def test_an_attack_on_the_logits_is_one_whatever_it_calls_them(
    model: str, readout: str | None, names: list[str]
) -> None:
    """Also in a record from before attacks could ask for logits, and after a change of the readout."""
    asked = [{"kind": "svm", "signals": s} for s in ("logits", "final_mem", "mean_mem", "spike_counts")]
    given = {"dataset": "iris", "model": model, "readout": readout, "attacks": asked}
    spec = TypeAdapter[TrialSpec](RecordedSpec).validate_python(given)
    assert [attack.name for attack in spec.attacks] == names
    assert spec.attacks[0].signals == "logits"
    other = spec.with_axes({"readout": "mean"})
    assert other.attacks[0].name == "svm"
    assert len({attack.name for attack in other.attacks}) == len(other.attacks)
    if model == "ann":
        assert other.attacks == spec.attacks


def test_direct_inputs_leave_the_id_as_it_was() -> None:
    """Before there were encodings; every other encoding and number of draws has an id of its own."""
    recorded = SPEC.model_dump(mode="json", exclude={"encoding", "encoding_queries"})
    assert TypeAdapter[TrialSpec](RecordedSpec).validate_python(recorded) == SPEC
    changes: list[dict[str, object]] = [
        *({"encoding": encoding} for encoding in (None, "direct", "rate", "latency", "delta")),
        {"encoding": "rate", "encoding_queries": 9},
    ]
    ids = [SPEC.model_copy(update=change).canonical("fcnet").trial_id("data") for change in changes]
    assert ids[0] == ids[1] == SPEC.trial_id("data")
    assert len(set(ids)) == 5
