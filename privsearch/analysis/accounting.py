"""The accountant of differential privacy: epsilon from noise, and the noise for an epsilon.

Epsilon is that of the Gaussian mechanism on Poisson samples, composed over all steps, under the addition or removal of
one example, by the privacy loss distribution of the library dp-accounting. It takes seconds to import, and is not
needed by anything else.

Source: Doroshenko et al. 2022 (arXiv 2207.04380) for the distribution; Abadi et al. 2016 (arXiv 1607.00133).
"""

import math
import warnings
from collections.abc import Callable
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

from privsearch.errors import SpecError
from privsearch.spec.differential_privacy import DifferentialPrivacy
from privsearch.study.guarantee import Guarantee

if TYPE_CHECKING:
    from types import ModuleType

TOLERANCE: Final = 1e-3
"""The part by which the epsilon that noise is found for may stay below the one that was asked for."""

FINE: Final = 1e-4
COARSE: Final = 1e-3
"""The widths of the steps in which privacy losses are counted."""

MOST_EPSILON: Final = 1_000
"""The largest epsilon that is recorded; it promises nothing."""

LEAST_NOISE: Final = 0.2
MOST_NOISE: Final = 1e5
"""The multipliers between which an epsilon's is looked for."""

_LIBRARY: Final = "dp-accounting"


def guarantee(dp: DifferentialPrivacy, num_examples: int, batch_size: int, epochs: int) -> Guarantee:
    """Return the guarantee of a training: its noise as it is given, or the least that keeps the promise.

    Args:
        dp: what is asked for.
        num_examples: the examples that the network is trained on.
        batch_size: the examples that a batch has on average; all of them if there are fewer.
        epochs: the passes, each of as many steps as there are batches in a pass without sampling.

    Raises:
        SpecError: delta is not below 1 / num_examples, no noise up to a multiplier of 1e5 keeps the promise, or the
            library is not installed.
    """
    check_delta(dp, num_examples)
    rate, steps = min(1.0, batch_size / num_examples), epochs * math.ceil(num_examples / batch_size)
    noise = dp.noise_multiplier
    if noise is None:
        assert dp.epsilon is not None, "without a noise multiplier, an epsilon is given"
        noise = noise_for(dp.epsilon, dp.delta, rate, steps)
    epsilon = epsilon_of(noise, dp.delta, rate, steps)
    if not epsilon <= MOST_EPSILON:
        raise SpecError(
            f"its noise must promise an epsilon of at most {MOST_EPSILON:g}, but a noise_multiplier of {noise:g} gives "
            f"{epsilon:.4g} over {steps} steps; raise it, or train for fewer epochs"
        )
    return Guarantee(
        epsilon=epsilon,
        delta=dp.delta,
        noise_multiplier=noise,
        max_grad_norm=dp.max_grad_norm,
        sampling_rate=rate,
        steps=steps,
        accountant=f"{_LIBRARY} {version(_LIBRARY)} PLD",
    )


def check_delta(dp: DifferentialPrivacy, num_examples: float) -> None:
    """Check that delta is below 1 / num_examples: otherwise a training that publishes an example keeps the promise.

    Raises:
        SpecError: it is not.
    """
    if not dp.delta < 1 / num_examples:
        below = 10.0 ** math.floor(math.log10(1 / num_examples) - 1e-9)
        raise SpecError(
            f"its delta must be below 1 / n, or the promise lets a whole example out, but is {dp.delta:g} where a "
            f"network is trained on n = {num_examples:g} examples; give one such as {below:g}"
        )


@cache
def epsilon_of(
    noise_multiplier: float, delta: float, sampling_rate: float, steps: int, interval: float = FINE
) -> float:
    """Return the epsilon of so many steps, each with noise of `noise_multiplier` times the clipping norm.

    Args:
        noise_multiplier: above 0.
        delta: above 0, below 1.
        sampling_rate: the probability of each example to be in a batch, above 0, at most 1.
        steps: at least 1.
        interval: the width of the steps in which privacy losses are counted; what they round makes epsilon larger.

    Raises:
        SpecError: the library is not installed.
    """
    library = accountant()
    step = library.PoissonSampledDpEvent(sampling_rate, library.GaussianDpEvent(noise_multiplier))
    loss = library.pld.PLDAccountant(library.NeighboringRelation.ADD_OR_REMOVE_ONE, interval)
    loss.compose(library.SelfComposedDpEvent(step, steps))
    return float(loss.get_epsilon(delta))


@cache
def noise_for(epsilon: float, delta: float, sampling_rate: float, steps: int) -> float:
    """Return a noise multiplier whose epsilon is at most `epsilon`, and less by `TOLERANCE` of it at most.

    It is found with coarse intervals first, by which epsilon is never too small, and then with fine ones.

    Args:
        epsilon: the promise, above 0.
        delta: as for `epsilon_of`.
        sampling_rate: likewise.
        steps: likewise.

    Raises:
        SpecError: no multiplier up to 1e5 is enough, or the library is not installed.
    """
    noise = 1.0
    for interval in (COARSE, FINE):
        of = partial(epsilon_of, delta=delta, sampling_rate=sampling_rate, steps=steps, interval=interval)
        noise = _noise_between(of, epsilon, *_around(of, epsilon, noise))
    return noise


def _around(of: Callable[[float], float], epsilon: float, start: float) -> tuple[float, float]:
    """Return a multiplier that is too small for an epsilon, or the least that is tried, and one that is enough."""
    enough, factor = start, 1.5
    while of(enough) > epsilon:
        enough *= factor
        if enough > MOST_NOISE:
            raise SpecError(
                f"its epsilon must be one that noise of up to {MOST_NOISE:g} times the clipping norm can promise, but "
                f"{epsilon:g} needs more; raise epsilon, or train for fewer epochs"
            )
    too_little = enough / factor
    while not _is_near(of(enough), epsilon) and of(too_little) <= epsilon and too_little > LEAST_NOISE:
        enough, too_little = too_little, too_little / factor
    return too_little, enough


def _noise_between(of: Callable[[float], float], epsilon: float, too_little: float, enough: float) -> float:
    """Return the least multiplier between two that is enough, by interpolation and bisection in turn."""
    aim, by_halves = math.log(epsilon * (1 - TOLERANCE / 2)), False
    while not _is_near(of(enough), epsilon) and enough / too_little > 1 + TOLERANCE**2:
        low, high = math.log(too_little), math.log(enough)
        # Epsilon is all but a power of the noise.
        above, below = math.log(of(too_little)) - aim, math.log(of(enough)) - aim
        share = 0.5 if by_halves or above <= 0 else above / (above - below)
        noise = math.exp(low + share * (high - low))
        was_enough = of(noise) <= epsilon
        by_halves = share != 0.5 and was_enough
        too_little, enough = (too_little, noise) if was_enough else (noise, enough)
    return enough


def _is_near(found: float, epsilon: float) -> bool:
    return (1 - TOLERANCE) * epsilon <= found <= epsilon


@cache
def accountant() -> "ModuleType":
    """Import the accountant's library.

    Raises:
        SpecError: it is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a library says of itself as it is imported
            import dp_accounting
            import dp_accounting.pld
    except ModuleNotFoundError:
        raise SpecError(NEEDS_LIBRARY) from None
    library: Any = dp_accounting
    return library  # type: ignore[no-any-return]


def check_installed() -> None:
    """Check that the accountant's library is there, without importing it.

    Raises:
        SpecError: it is not.
    """
    try:
        version(_LIBRARY)
    except PackageNotFoundError:
        raise SpecError(NEEDS_LIBRARY) from None


NEEDS_LIBRARY: Final = (
    "dp needs the accountant of the library dp-accounting, which is not installed; install privsearch[dp], as with "
    "`uv sync --extra dp`, on every machine that trains"
)
