import itertools
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from privsearch.spec import (
    AXES,
    HalvesProtocol,
    LabelOnlyAttack,
    LiraAttack,
    QuantileRegressionAttack,
    Queries,
    Recorded,
    RmiaAttack,
    Seen,
    SurrogateGradient,
    SvmAttack,
    SweepSpec,
    ThresholdAttack,
)
from privsearch.spec.attacks import ThresholdKind

PAPER_GRIDS: dict[str, dict[str, Any]] = {
    "weight_quantization": {"model": ["ann", "snn"], "weight_bit_width": [None, 8, 4, 2]},
    "activation_quantization": {
        "model": ["ann", "snn"],
        "act_bit_width": [None, 8, 4, 2],
        "threshold": [0.5, 0.75, 1.0, 1.25, 1.5],
    },
    "surrogate_gradients": {"model": ["snn"], "surrogate_gradient": list(get_args(SurrogateGradient))},
}
AXIS_VALUES = {
    "weight_bit_width": st.one_of(st.none(), st.integers(2, 8)),
    "act_bit_width": st.one_of(st.none(), st.integers(2, 8)),
    "threshold": st.one_of(st.none(), st.floats(0.1, 10)),
    "surrogate_gradient": st.sampled_from([None, *get_args(SurrogateGradient)]),
    "spiking_layers": st.sampled_from([None, "all", "head"]),
    "num_steps": st.one_of(st.none(), st.integers(1, 50)),
    "beta": st.one_of(st.none(), st.floats(0, 1)),
    "epochs": st.integers(1, 100),
    "learning_rate": st.floats(1e-6, 1),
}


@st.composite
def grids(draw: st.DrawFn) -> dict[str, list[Any]]:
    """A valid grid: both kinds of model and quantised activations, so that no axis is idle, and a few more axes."""
    names = draw(st.lists(st.sampled_from(sorted(AXIS_VALUES)), unique=True, max_size=4))
    axes = {name: draw(st.lists(AXIS_VALUES[name], min_size=1, max_size=3, unique=True)) for name in names}
    return {**axes, "model": ["ann", "snn"], "act_bit_width": [None, 4]}


def sweep(**fields: Any) -> SweepSpec:
    return SweepSpec.model_validate({"name": "s", "datasets": ["iris"], "grids": PAPER_GRIDS, **fields})


def test_the_papers_grids_are_42_distinct_trials() -> None:
    """Tables II and III and Figures 2 and 3 share their full-precision networks: 53 points, 42 trials."""
    paper = sweep()
    assert sum(paper.products().values()) == 53
    assert len(paper.expand({"iris": "convnet"})) == 42


def test_a_trial_knows_every_grid_that_asks_for_it() -> None:
    """The full-precision SNN with the default surrogate gradient belongs to all three experiments."""
    baseline = [
        asked
        for asked in sweep().expand({"iris": "fcnet"})
        if asked.spec.model == "snn"
        and asked.spec.weight_bit_width is asked.spec.act_bit_width is None
        and asked.spec.surrogate_gradient == "fast_sigmoid"
    ]
    assert [asked.grids for asked in baseline] == [tuple(PAPER_GRIDS)]


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), grids(), min_size=1))
def test_expansion_is_distinct_and_canonical(named: dict[str, dict[str, list[Any]]]) -> None:
    """No two trials are the same, and making a trial canonical again changes nothing."""
    trials = [asked.spec for asked in sweep(grids=named).expand({"iris": "convnet"})]
    assert len({trial.trial_id("f") for trial in trials}) == len(trials)
    assert all(trial.canonical("convnet") == trial for trial in trials)


@given(grids())
def test_expansion_covers_every_point(grid: dict[str, list[Any]]) -> None:
    """Every point of the cross-product is, once canonical, one of the trials."""
    asked = sweep(grids={"g": grid}).expand({"iris": "fcnet"})
    trials = {trial.spec for trial in asked}
    base = asked[0].spec
    for point in itertools.product(*grid.values()):
        blank = {axis: None for axis in AXES if axis in AXIS_VALUES and axis not in {"epochs", "learning_rate"}}
        default = {"epochs": 20, "learning_rate": 1e-3}
        axes = {**blank, **default, **dict(zip(grid, point, strict=True))}
        assert base.model_copy(update=axes).canonical("fcnet") in trials


@given(st.dictionaries(st.sampled_from(["a", "b"]), grids(), min_size=1), st.integers(0, 2**63 - 1))
def test_a_sweep_survives_json(named: dict[str, dict[str, list[Any]]], seed: int) -> None:
    """Written as JSON and read again, a sweep is equal to itself."""
    before = sweep(grids=named, seed=seed)
    assert SweepSpec.model_validate_json(before.model_dump_json()) == before


def test_what_has_no_effect_is_dropped() -> None:
    """A threshold without quantised activations and a surrogate gradient on an ANN leave no trace."""
    grid = {"model": ["ann", "snn"], "act_bit_width": [None, 4], "threshold": [0.5, 1.5], "beta": [0.5, 0.9]}
    trials = [asked.spec for asked in sweep(grids={"g": grid}).expand({"iris": "fcnet"})]
    assert all(trial.threshold is None for trial in trials if trial.act_bit_width is None)
    assert all(trial.beta is None for trial in trials if trial.model == "ann")
    assert len(trials) == 3 * 1 + 3 * 2


def test_resources_are_no_part_of_a_trial() -> None:
    """A trial that has run on one worker's share need not run again on another's."""
    networks: dict[str, Any] = {"iris": "fcnet"}
    shared = sweep(resources={"cpu": 0.5, "gpu": 0.25})
    assert shared.expand(networks) == sweep().expand(networks)


@pytest.mark.parametrize("resources", [{"cpu": 0}, {"gpu": -0.1}, {"gpu": 2}, {"gpu": "one"}, {"tpu": 1}])
def test_a_share_that_cannot_be_given_is_refused(resources: dict[str, Any]) -> None:
    """A worker has some of a processor, and no more than one GPU."""
    with pytest.raises(ValidationError):
        sweep(resources=resources)


def test_spiking_layers_mean_nothing_without_convolutions() -> None:
    """On a fully connected network 'all' and 'head' are one trial, on a convolutional one two."""
    grids = {"g": {"model": ["snn"], "spiking_layers": ["all", "head"]}}
    assert len(sweep(grids=grids).expand({"iris": "fcnet"})) == 1
    assert len(sweep(grids=grids).expand({"iris": "convnet"})) == 2


def test_a_grid_wins_over_an_override_and_an_override_over_the_recipe() -> None:
    """The more particular statement holds."""
    recipe = {"epochs": 5, "batch_size": 16, "overrides": {"iris": {"epochs": 7}}}
    fields = {"datasets": ["iris", "digits"], "recipe": recipe}
    networks = {"iris": "fcnet", "digits": "convnet"}
    by_recipe = sweep(grids={"g": {"model": "ann"}}, **fields).expand(networks)
    assert [(a.spec.epochs, a.spec.batch_size) for a in by_recipe] == [(7, 16), (5, 16)]
    by_grid = sweep(grids={"g": {"model": "ann", "epochs": 9}}, **fields).expand(networks)
    assert [a.spec.epochs for a in by_grid] == [9, 9]


@pytest.mark.parametrize(
    ("grid", "axis"),
    [
        ({"model": ["snn"], "threshold": [0.5]}, "threshold"),
        ({"model": ["ann"], "surrogate_gradient": ["atan"]}, "surrogate_gradient"),
        ({"model": ["ann"], "beta": [0.5]}, "beta"),
    ],
)
def test_an_axis_that_can_have_no_effect_is_refused(grid: dict[str, Any], axis: str) -> None:
    """Asking for a variation that no point of the grid can show is a mistake, not a wish to be dropped in silence."""
    with pytest.raises(ValidationError) as caught:
        sweep(grids={"g": grid})
    assert [error["loc"] for error in caught.value.errors()] == [("grids", "g", axis)]


def test_a_product_beyond_all_measure_is_refused_with_its_size() -> None:
    """Refused before it is expanded."""
    grid = {"model": ["snn"], "num_steps": list(range(1, 2001)), "beta": [i / 2000 for i in range(2000)]}
    with pytest.raises(ValidationError, match="got 4,000,000"):
        sweep(grids={"g": grid})


def test_objectives_must_be_columns_of_the_sweep() -> None:
    """An attack that is not run cannot be minimised; the strongest of those that are run always can."""
    with pytest.raises(ValidationError, match=r"under every protocol .* but got 'svm_per_class.auc'; nearest valid"):
        sweep(objectives={"test_accuracy": "maximize", "svm_per_class.auc": "minimize"})
    per_class = sweep(
        attacks=[{"kind": "svm", "per_class": True}],
        objectives={"test_accuracy": "maximize", "svm_per_class.auc": "minimize"},
    )
    assert {"svm_per_class.auc", "worst.auc", "worst.tpr_at_fpr_1e-2"} <= set(per_class.objective_columns())
    both = {"protocol": ["paper", "halves"], "attacks": ["svm", "lira"]}
    with pytest.raises(ValidationError, match="under every protocol"):
        sweep(**both, objectives={"test_accuracy": "maximize", "lira_shrunken.auc": "minimize"})


@pytest.mark.parametrize(
    ("fields", "kind", "column"),
    [
        ({}, "paper", "svm.excess_auc"),
        ({"protocol": "halves"}, "halves", "worst.auc"),
        ({"protocol": ["paper", "halves"]}, "paper", "svm.excess_auc"),
        ({"protocol": ["paper", "halves"]}, "halves", "worst.auc"),
        ({"attacks": ["loss", "entropy"]}, "paper", "loss.excess_auc"),
        ({"protocol": ["paper", "one_run"], "attacks": ["svm", "loss"]}, "one_run", "worst.auc"),
        ({"objectives": {"test_accuracy": "maximize", "worst.auc": "minimize"}}, "paper", "worst.auc"),
    ],
)
def test_every_protocol_has_its_own_default_objective(fields: dict[str, Any], kind: str, column: str) -> None:
    """The paper's attack under its protocol, the strongest under the fair one, and what is asked for under both."""
    assert sweep(**fields).objectives_under(kind) == {"test_accuracy": "maximize", column: "minimize"}


def test_every_protocol_asks_for_its_own_trials_with_the_attacks_that_fit() -> None:
    """Two protocols, twice the trials; LiRA and RMIA run where there are shadows with and without each example."""
    both = sweep(protocol=["paper", {"kind": "halves", "networks": 16}], attacks=["svm", "lira", "loss", "rmia"])
    asked = both.expand({"iris": "fcnet"})
    assert len(asked) == 2 * 42
    attacks = {item.spec.protocol.kind: [attack.name for attack in item.spec.attacks] for item in asked}
    assert attacks == {"paper": ["svm", "loss"], "halves": ["svm", "lira_shrunken", "loss", "rmia"]}
    assert len({item.spec.trial_id("data") for item in asked}) == 2 * 42


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"attacks": ["svm", "lira"]}, "lira needs shadows with and without each example: add halves to protocol"),
        ({"protocol": ["paper", "paper"]}, "every protocol must be asked for once, but got 'paper' again"),
        (
            {"protocol": {"kind": "halves", "augmented_queries": 2}},
            "no attack reads these views: give one of loss, lira, rmia the field queries: augmented",
        ),
        (
            {"protocol": "halves", "attacks": [{"kind": "loss", "queries": "input_dropout"}]},
            "it asks about input_dropout views: give the protocol halves dropout_queries of at least 1",
        ),
        (
            {"protocol": {"kind": "halves", "mem_trajectory": True}},
            "no attack reads it: add {kind: lira, signals: mem_trajectory} to attacks, or drop this field",
        ),
        (
            {"protocol": "halves", "attacks": [{"kind": "lira", "signals": "mem_trajectory"}]},
            "it reads the membrane at every time step: give the protocol halves mem_trajectory: true",
        ),
        ({"protocol": {"kind": "halves", "networks": 7}}, "multiple of 2"),
        ({"protocol": "one_run"}, "svm learns from a shadow: add paper or halves to protocol, or drop it"),
        (
            {"protocol": "one_run", "attacks": ["loss", "rmia"]},
            "rmia needs shadows with and without each example: add halves to protocol, or drop it",
        ),
        (
            {"protocol": "paper", "attacks": ["loss", "quantile_regression"]},
            "quantile_regression learns from examples that no network was trained on and none is judged on: add halves "
            "or one_run to protocol, or drop it",
        ),
        (
            {"protocol": {"kind": "one_run", "canaries": True}, "attacks": ["loss"]},
            "must go with an audited_fraction below 1, so that some labels stay right, but that is 1",
        ),
    ],
)
def test_what_could_never_be_honoured_is_refused(fields: dict[str, Any], message: str) -> None:
    """An attack without what it needs, views that nobody reads, a protocol twice."""
    with pytest.raises(ValidationError, match=message):
        sweep(**fields)


def test_views_are_dropped_where_data_are_not_augmented() -> None:
    """Augmented views of a table are the table; a trial without them is one and the same."""
    asking = sweep(
        protocol={"kind": "halves", "augmented_queries": 4},
        attacks=["lira", {"kind": "lira", "queries": "augmented"}],
        grids={"g": {"model": ["ann"]}},
    )
    (plain,) = asking.expand({"iris": "fcnet"})
    (augmented,) = asking.expand({"iris": "convnet"}, augmented=["iris"])
    assert (plain.spec.protocol, [attack.name for attack in plain.spec.attacks]) == (
        HalvesProtocol(),
        ["lira_shrunken"],
    )
    assert [attack.name for attack in augmented.spec.attacks] == ["lira_shrunken", "lira_shrunken_augmented"]
    assert augmented.spec.trial_id("data") != plain.spec.trial_id("data")


def test_every_attack_has_a_name_of_its_own() -> None:
    """Whatever differs in the numbers differs in the columns' names."""
    options: dict[type[Any], dict[str, list[Any]]] = {
        SvmAttack: {"per_class": [False, True], "undersample": [True, False]},
        LiraAttack: {
            "mode": ["online", "offline"],
            "variance": ["pooled", "per_example"],
            "signals": ["logits", *get_args(Recorded)],
        },
        RmiaAttack: {"mode": ["online", "offline"], "a": [0.3, 0.5], "gamma": [1.0, 2.0]},
        ThresholdAttack: {"kind": list(get_args(ThresholdKind))},
        LabelOnlyAttack: {},
        QuantileRegressionAttack: {},
    }
    names = []
    for attack, fields in options.items():
        choices = dict(fields)
        if "signals" in attack.model_fields:
            choices.setdefault("signals", list(get_args(Seen)))
        if "queries" in attack.model_fields:
            choices["queries"] = list(get_args(Queries))
        names += [
            attack(**dict(zip(choices, point, strict=True))).name for point in itertools.product(*choices.values())
        ]
    assert len(names) == len(set(names)) == 4 * 4 + 4 * 15 + 8 * 12 + 4 * 12 + 1 + 12
