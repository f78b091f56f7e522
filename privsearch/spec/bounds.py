"""The numbers that sweeps and records may hold: every type with its limits, in one place.

What a sweep asks for beyond them is refused when the file is read. What a record holds beyond them is damage: no
training, no attack and no clock gives such a number, and tables and drawings would show it as if one had.
"""

from typing import Annotated, Final

from pydantic import Field

ROUNDING: Final = 1e-9
"""How far rounding may take a mean of fractions beyond the bounds of each of them."""

Fraction = Annotated[float, Field(ge=-ROUNDING, le=1 + ROUNDING)]
"""A share, such as an accuracy, an AUC or a rate."""

Difference = Annotated[float, Field(ge=-1 - ROUNDING, le=1 + ROUNDING)]
"""The difference of two fractions, such as an advantage or an excess."""

Epsilon = Annotated[float, Field(ge=0, le=1_000)]
"""A bound on epsilon: the logarithm of a ratio of rates, which no number of examples brings near the limit."""

Seconds = Annotated[float, Field(ge=0, le=1e10)]
"""A time, up to 300 years."""

Loss = Annotated[float, Field(ge=0, le=3.5e38)]
"""A mean cross-entropy in nats, up to the greatest number of 32 bits."""

Score = Annotated[float, Field(ge=-1e300, le=1e300)]
"""What an attack says of an example, in a unit of its own; the sums of many scores are finite as well."""

MOST_EXAMPLES: Final = 10**9
"""The most examples of a data set: their indices and classes alone would fill 16 GB."""

Examples = Annotated[int, Field(ge=1, le=MOST_EXAMPLES)]
"""A number of examples, of which there is one."""

Count = Annotated[int, Field(ge=0, le=MOST_EXAMPLES)]
"""A number of examples, networks or proposals, a row or a class, from 0."""

Bytes = Annotated[int, Field(ge=0, le=2**60)]
"""A size in memory, up to a billion gigabytes."""

Version = Annotated[int, Field(ge=1, le=1_000_000)]
"""A version of what computes numbers."""

MOST_EPOCHS: Final = 100_000
"""The most epochs: every one of them stays in the record, for each network."""

Epochs = Annotated[int, Field(ge=1, le=MOST_EPOCHS, description=f"an integer from 1 to {MOST_EPOCHS}")]

MOST_IN_BATCH: Final = 1_000_000
"""The most examples of a batch, whose activations are all in memory at a time."""

BatchSize = Annotated[int, Field(ge=1, le=MOST_IN_BATCH, description=f"an integer from 1 to {MOST_IN_BATCH}")]

LearningRate = Annotated[
    float,
    Field(
        ge=1e-12,
        le=1e6,
        description="a number from 1e-12 to 1e6 (32-bit weights take no smaller step, and survive no larger one)",
    ),
]

WeightDecay = Annotated[
    float, Field(ge=0, le=1e6, description="a number from 0 to 1e6 (32-bit weights survive no larger one)")
]

Threshold = Annotated[float, Field(ge=1e-3, le=100)]
"""A threshold of neurons and quantisers. Far below, the levels of a quantiser are one number in 32 bits."""

Width = Annotated[
    float,
    Field(
        ge=1e-4,
        le=16,
        description="a number from 0.0001 to 16 (times the usual sizes of the hidden layers, of which the largest is "
        "1000)",
    ),
]

SplitSize = Annotated[int, Field(ge=2, le=MOST_EXAMPLES)]
"""A number of examples that are kept of a split."""

OpenFraction = Annotated[float, Field(ge=0.001, le=0.999)]
"""A share of the data that leaves some of them in, and some out: a part of a thousand examples."""

MOST_NETWORKS: Final = 10_000
"""The most networks of a trial."""

MOST_MINUTES: Final = 1e6
"""The most minutes of a budget, and seconds of a trial: two years, or twelve days."""
