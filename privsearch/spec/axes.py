"""The axes that a sweep may cross: their values, the models that they have an effect on, and their canonical form."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from privsearch.spec import bounds, registry
from privsearch.spec.datasets import Network
from privsearch.spec.differential_privacy import DP_RULE, DpValue
from privsearch.spec.strict import STRICT

SurrogateGradient = Literal["fast_sigmoid", "atan", "spike_rate_escape", "triangular", "straight_through"]
Encoding = Literal["direct", "rate", "latency", "delta"]
BUILT_IN_MODELS: Final = ("ann", "snn")


def _model(value: str) -> str:
    """Check a model's name: a built-in one's, or a registered one's with its version, registered here or not."""
    model: str = with_version(value)
    if model not in BUILT_IN_MODELS and registry.tagged(model) is None:
        raise PydanticCustomError("unknown_model", "must be a model")
    return model


def with_version(model: Any) -> Any:
    """Return the name of a registered model with the version that is registered here; any other value as it is."""
    entry = registry.find("model", model)
    return entry.tag if entry else model


Model = Annotated[str, AfterValidator(_model)]
BitWidth = Annotated[int, Field(ge=2, le=8)]
ThresholdSets = Literal["both", "clip", "firing"]
StateGradient = Literal["straight_through", "clipped"]
QuantizeState = Literal["before_firing", "after_firing", "for_firing"]

STATE_RANGE_RULE: Final = (
    "a pair [lower, upper], in thresholds, with -100 <= lower <= 0 and 0.01 <= upper <= 100, "
    "or null for the default, [-1, 1.2]"
)


def _state_range(value: Any) -> tuple[float, float]:
    """Check a range as a whole, as a fault in one of its ends is a fault of the pair."""
    pair = tuple(value) if isinstance(value, list | tuple) else ()
    numbers = [float(end) for end in pair if isinstance(end, int | float) and not isinstance(end, bool)]
    if len(pair) != 2 or len(numbers) != 2 or not (-100 <= numbers[0] <= 0 and 0.01 <= numbers[1] <= 100):
        raise PydanticCustomError("state_range", "must be a range around 0")
    return numbers[0] + 0.0, numbers[1]  # so that -0.0 is 0.0


StateRange = Annotated[tuple[float, float], BeforeValidator(_state_range)]
"""The lowest and the highest level of a quantised membrane, in thresholds."""


class Axes(BaseModel):
    """The fields of a trial that a grid may sweep; their names are the same in YAML, code, tables and plots.

    None stands for full precision (bit widths), for the whole split (sizes), for no noise (dp), and elsewhere for the
    default of `SNN_DEFAULTS`, `STATE_DEFAULTS` or `DEFAULT_THRESHOLD`.
    """

    model_config = STRICT

    model: Model = Field(description="'ann' or 'snn'")
    weight_bit_width: BitWidth | None = Field(
        None, description="an integer from 2 to 8, or null for full-precision weights"
    )
    act_bit_width: BitWidth | None = Field(
        None, description="an integer from 2 to 8, or null for full-precision activations"
    )
    threshold: bounds.Threshold | None = Field(
        None, description="a number from 0.001 to 100, or null for the default, 1.0"
    )
    surrogate_gradient: SurrogateGradient | None = Field(
        None,
        description="one of fast_sigmoid, atan, spike_rate_escape, triangular, straight_through, "
        "or null for the default, fast_sigmoid",
    )
    spiking_layers: Literal["all", "head"] | None = Field(
        None, description="'all', 'head' (LIF in the linear layers only), or null for the default, all"
    )
    num_steps: int | None = Field(
        None, ge=1, le=10_000, description="an integer from 1 to 10000 (time steps), or null for the default, 25"
    )
    beta: float | None = Field(
        None, ge=0, le=1, description="a number from 0 to 1 (membrane decay per step), or null for the default, 0.95"
    )
    encoding: Encoding | None = Field(
        None,
        description="'direct', 'rate', 'latency', 'delta' (the spikes that stand for the inputs), or null for the "
        "default, direct",
    )
    encoding_queries: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="an integer from 1 to 1000 (draws of the spikes of encoding: rate that a query is the mean of), or "
        "null for the default, 8",
    )
    readout: Literal["final", "mean"] | None = Field(
        None,
        description="'final' (a network is trained by its last layer's membrane at the end, and answers with it), "
        "'mean' (by that membrane's mean over time), or null for the default, final",
    )
    quantize_readout: bool | None = Field(
        None,
        description="true or false (are the last layer's membranes quantised?), or null for the default, false",
    )
    state_range: StateRange | None = Field(None, description=STATE_RANGE_RULE)
    threshold_sets: ThresholdSets | None = Field(
        None, description="'both', 'clip' (the quantiser's range), 'firing', or null for the default, both"
    )
    state_gradient: StateGradient | None = Field(
        None,
        description="'clipped' (no gradient where the membrane was clipped), 'straight_through', "
        "or null for the default, clipped",
    )
    quantize_state: QuantizeState | None = Field(
        None, description="'before_firing', 'after_firing', 'for_firing', or null for the default, before_firing"
    )
    epochs: bounds.Epochs = 20
    batch_size: bounds.BatchSize = 128
    optimizer: Literal["adam", "sgd"] = Field("adam", description="'adam' or 'sgd' (with a momentum of 0.9)")
    learning_rate: bounds.LearningRate = 1e-3
    weight_decay: bounds.WeightDecay = 0.0
    precision: Literal["fp32", "bf16"] = Field(
        "fp32", description="'fp32', or 'bf16' (the hidden layers' products in 16 bits: faster, and other spikes)"
    )
    width: bounds.Width = 1.0
    train_size: bounds.SplitSize | None = Field(
        None,
        description=f"an integer from 2 to {bounds.MOST_EXAMPLES} (examples kept of the training split), or null",
    )
    test_size: bounds.SplitSize | None = Field(
        None,
        description=f"an integer from 2 to {bounds.MOST_EXAMPLES} (examples kept of the test split), or null",
    )
    dp: DpValue = Field(None, description=DP_RULE)


AXES: Final = tuple(Axes.model_fields)
DEFAULT_THRESHOLD: Final = 1.0
SNN_DEFAULTS: Final[Mapping[str, Any]] = {
    "surrogate_gradient": "fast_sigmoid",
    "spiking_layers": "all",
    "num_steps": 25,
    "beta": 0.95,
    "encoding": "direct",
    "readout": "final",
}
DEFAULT_ENCODING_QUERIES: Final = 8

STATE_DEFAULTS: Final[Mapping[str, Any]] = {
    "quantize_readout": False,
    "state_range": (-1.0, 1.2),
    "threshold_sets": "both",
    "state_gradient": "clipped",
    "quantize_state": "before_firing",
}
"""The axes that say how the membranes of a spiking network are quantised, with their defaults."""

FIRST_STATE: Final[Mapping[str, Any]] = {
    **STATE_DEFAULTS,
    "quantize_readout": True,
    "state_gradient": "straight_through",
}
"""How membranes were quantised before `STATE_DEFAULTS` were axes: the values of a trial that was recorded without them.

Ids leave these values out, so that such a trial keeps the id under which it was recorded.
"""

FIRST_SPIKING: Final[Mapping[str, Any]] = {"encoding": "direct", "readout": "final"}
"""What spiking networks were before these were axes: the values of a trial that was recorded without them.

Ids leave these values out as well.
"""

UNTOLD: Final[Mapping[str, Any]] = {**STATE_DEFAULTS, **FIRST_SPIKING}
"""The defaults that names of configurations leave out, as most sweeps never ask for anything else."""

SPIKING_AXES: Final = (*SNN_DEFAULTS, "encoding_queries", *STATE_DEFAULTS)
"""The axes that have an effect on spiking networks only."""

ACTIVATION_DEFAULTS: Final[Mapping[str, Any]] = {"threshold": DEFAULT_THRESHOLD, **STATE_DEFAULTS}
"""The axes that have an effect with quantised activations only, with their defaults."""

CONDITIONAL_DEFAULTS: Final[Mapping[str, Any]] = {
    **SNN_DEFAULTS,
    "encoding_queries": DEFAULT_ENCODING_QUERIES,
    **ACTIVATION_DEFAULTS,
}
"""The axes that have no effect on some configurations, and are null there, with their defaults elsewhere."""

ENCODING_AXES: Final = ("encoding", "encoding_queries")
"""The axes that say what a spiking network is given; a registered model is given the inputs as they are."""

MODEL_AXES: Final = ("weight_bit_width", "act_bit_width", "threshold", *SPIKING_AXES, "precision", "width")
"""The axes that say what a network is; `ann` and registered models use some. The others say how it is trained."""


def uses_axis(model: str, axis: str) -> bool:
    """Return whether an axis may have an effect on a model; True for a model that is not registered here."""
    if axis not in MODEL_AXES or model == "snn":
        return True
    if model == "ann":
        return axis not in SPIKING_AXES
    tag = registry.tagged(model)
    entry = registry.find("model", tag[0]) if tag else None
    return entry is None or axis in entry.axes


@cache
def axis_adapter(axis: str) -> TypeAdapter[Any]:
    """Return the validator of an axis's values, which is as strict as the whole specification."""
    field = Axes.model_fields[axis]
    annotation: Any = Annotated[(field.annotation, *field.metadata, axis)]
    return TypeAdapter(annotation, config=STRICT)


def canonical_axes(axes: Mapping[str, Any], network: Network, num_steps: int | None = None) -> dict[str, Any]:
    """Drop the values without effect from a point of the cross-product, and write out the defaults of the others.

    A threshold needs quantised activations; a surrogate gradient, time steps, a decay, an encoding and a readout need a
    spiking network, and `STATE_DEFAULTS` need both; a choice of spiking layers needs convolutions, and
    `encoding_queries` need spikes that are drawn. What a threshold of 1 sets makes no difference, as what it does not
    set is 1 as well. A registered model says which axes have an effect on it.

    Args:
        axes: the value of every axis.
        network: the kind of network that the dataset takes.
        num_steps: the time steps of inputs over time, which are those of the networks; None for other data.

    Raises:
        SpecError: a model is not registered here.
    """
    if num_steps is not None:
        axes = {**axes, "num_steps": num_steps}
    if axes["model"] not in BUILT_IN_MODELS:
        return _canonical_registered(axes, registry.model_needed(axes["model"]).axes)
    canonical = dict(axes)
    for axis, default in CONDITIONAL_DEFAULTS.items():
        spikes = canonical["model"] == "snn" or axis not in SPIKING_AXES
        quantised = canonical["act_bit_width"] is not None or axis not in ACTIVATION_DEFAULTS
        canonical[axis] = _value_or(default, canonical[axis]) if spikes and quantised else None
    if canonical["encoding"] != "rate":
        canonical["encoding_queries"] = None
    if canonical["model"] == "snn" and network == "fcnet":
        canonical["spiking_layers"] = "all"
    if canonical["threshold"] == DEFAULT_THRESHOLD and canonical["threshold_sets"] is not None:
        canonical["threshold_sets"] = STATE_DEFAULTS["threshold_sets"]
    return canonical


def _canonical_registered(axes: Mapping[str, Any], used_axes: Collection[str]) -> dict[str, Any]:
    canonical = dict(axes)
    for axis in MODEL_AXES:
        if axis not in used_axes:
            canonical[axis] = Axes.model_fields[axis].default
    for axis in used_axes & CONDITIONAL_DEFAULTS.keys():
        quantised = "act_bit_width" not in used_axes or canonical["act_bit_width"] is not None
        has_effect = quantised or axis not in ACTIVATION_DEFAULTS
        canonical[axis] = _value_or(CONDITIONAL_DEFAULTS[axis], canonical[axis]) if has_effect else None
    return canonical


def _value_or(default: Any, value: Any) -> Any:
    return default if value is None else value
