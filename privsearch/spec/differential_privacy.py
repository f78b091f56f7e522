"""Differential privacy as a value of the axis `dp`: what is promised, or the noise that is added."""

from typing import Annotated, Any, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from privsearch._util.text import remedy, shown
from privsearch.spec.strict import STRICT

DEFAULT_DELTA: Final = 1e-5
DEFAULT_NORM: Final = 1.0

DP_RULE: Final = (
    "a mapping such as {epsilon: 3, delta: 1e-5, max_grad_norm: 1} or {noise_multiplier: 1.1} (DP-SGD), or null for "
    "none"
)


class DifferentialPrivacy(BaseModel):
    """A training by DP-SGD, of which either the promise is given or the noise.

    Source: Abadi et al. 2016 (arXiv 1607.00133).
    """

    model_config = STRICT

    epsilon: float | None = Field(None, ge=0.05, le=100, description="a number from 0.05 to 100")
    noise_multiplier: float | None = Field(
        None,
        ge=0.3,
        le=1000,
        description="a number from 0.3 to 1000 (the noise's standard deviation, in units of max_grad_norm)",
    )
    delta: float = Field(DEFAULT_DELTA, ge=1e-12, le=0.1, description="a number from 1e-12 to 0.1")
    max_grad_norm: float = Field(
        DEFAULT_NORM,
        ge=1e-6,
        le=1e6,
        description="a number from 1e-6 to 1e6 (the norm that an example's gradient is clipped to)",
    )

    @model_validator(mode="after")
    def _promise_or_noise(self) -> Self:
        if (self.epsilon is None) == (self.noise_multiplier is None):
            given = "neither" if self.epsilon is None else "both"
            raise PydanticCustomError(
                "dp_rule",
                "must have either epsilon (what is promised) or noise_multiplier (what is added), but got {given}; "
                "the other one follows from it",
                {"given": given},
            )
        return self

    @model_serializer(mode="wrap")
    def _without_defaults(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        return {name: value for name, value in write(self).items() if value != fields[name].default}

    def __str__(self) -> str:
        """Return the value in a few words, such as `eps 3`; delta and norm only where they are not the defaults."""
        words = [f"noise {self.noise_multiplier:g}" if self.epsilon is None else f"eps {self.epsilon:g}"]
        words += [f"delta {self.delta:g}"] if self.delta != DEFAULT_DELTA else []
        words += [f"norm {self.max_grad_norm:g}"] if self.max_grad_norm != DEFAULT_NORM else []
        return " ".join(words)

    def __repr__(self) -> str:
        """Return the value as YAML has it."""
        return f"{{{', '.join(f'{name}: {value:g}' for name, value in self.model_dump().items())}}}"


def _checked(given: Any) -> Any:
    """Check a mapping, with one sentence on what is wrong with it."""
    if not isinstance(given, dict):
        return given
    try:
        return DifferentialPrivacy.model_validate(given)
    except ValidationError as error:
        raise PydanticCustomError("dp_rule", "{sentence}", {"sentence": _sentence(error)}) from None


def _sentence(error: ValidationError) -> str:
    details = error.errors(include_url=False)[0]
    fields = DifferentialPrivacy.model_fields
    if details["type"] == "extra_forbidden":
        unknown = str(details["loc"][-1])
        return f"its fields are {', '.join(fields)}, but got {shown(unknown)}; {remedy(unknown, tuple(fields))}"
    if details["type"] == "dp_rule":
        return details["msg"]
    name = str(details["loc"][0])
    return f"its {name} must be {fields[name].description}, but got {shown(details['input'])}"


DpValue = Annotated[DifferentialPrivacy | None, BeforeValidator(_checked)]
"""A value of the axis: null for none."""
