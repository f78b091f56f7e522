import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privsearch.analysis import accounting
from privsearch.analysis.accounting import (
    TOLERANCE,
    accountant,
    check_delta,
    check_installed,
    epsilon_of,
    guarantee,
    noise_for,
)
from privsearch.errors import SpecError
from privsearch.spec.differential_privacy import DifferentialPrivacy

MNIST = 256 / 60_000
"""The sampling rate of the published trainings, of which a pass has 234 and a part of steps."""


@pytest.mark.parametrize(
    ("noise", "epochs", "classic", "tight"), [(1.3, 15, 1.19, 0.865), (0.7, 70, 8.68, 7.095), (1.3, 20, 1.34, 1.007)]
)
def test_published_epsilons_are_reproduced(noise: float, epochs: int, classic: float, tight: float) -> None:
    """By the accountant that each was published by: the classic conversion of Renyi divergences, and our own.

    Source: Abadi et al. 2016 and Mironov 2017 for the conversion, epsilon = rdp + log(1 / delta) / (order - 1).
    """
    steps = math.ceil(epochs / MNIST)
    assert epsilon_of(noise, 1e-5, MNIST, steps) == pytest.approx(tight, abs=1e-3)
    library, orders = accountant(), [*(1 + x / 10 for x in range(1, 100)), *range(11, 64), 128, 256]
    renyi = library.rdp.RdpAccountant(orders)
    step = library.PoissonSampledDpEvent(MNIST, library.GaussianDpEvent(noise))
    renyi.compose(library.SelfComposedDpEvent(step, steps))
    divergences = np.array(renyi._rdp)
    assert min(divergences + math.log(1e5) / (np.array(orders) - 1)) == pytest.approx(classic, abs=0.01)


def test_one_step_on_all_examples_is_the_gaussian_mechanism() -> None:
    """Whose delta for an epsilon is known in closed form (Balle and Wang 2018)."""
    noise, delta = 2.0, 1e-5
    epsilon = epsilon_of(noise, delta, 1.0, 1)

    def phi(x: float) -> float:
        return math.erfc(-x / math.sqrt(2)) / 2

    exact = phi(0.5 / noise - epsilon * noise) - math.exp(epsilon) * phi(-0.5 / noise - epsilon * noise)
    assert exact == pytest.approx(delta, rel=1e-2)
    assert exact <= delta * (1 + 1e-6), "an epsilon is never too small"


@settings(max_examples=5, deadline=None)
@given(
    epsilon=st.floats(0.3, 4),
    delta=st.sampled_from([1e-6, 1e-5, 1e-3]),
    examples=st.integers(40, 2000),
    epochs=st.integers(1, 20),
)
def test_noise_keeps_its_promise_and_is_hardly_more_than_it_needs(
    epsilon: float, delta: float, examples: int, epochs: int
) -> None:
    """The epsilon of the noise that is found is at most what is asked for, and less by a thousandth at most."""
    rate, steps = min(1.0, 64 / examples), epochs * math.ceil(examples / 64)
    noise = noise_for(epsilon, delta, rate, steps)
    assert (1 - TOLERANCE) * epsilon <= epsilon_of(noise, delta, rate, steps) <= epsilon


def test_a_guarantee_says_all_that_it_follows_from() -> None:
    """Noise that is given stays; a batch larger than the training set is all of it at each step."""
    of_noise = guarantee(DifferentialPrivacy(noise_multiplier=2.0, max_grad_norm=0.5), 300, 100, 4)
    assert (of_noise.noise_multiplier, of_noise.max_grad_norm, of_noise.delta) == (2.0, 0.5, 1e-5)
    assert (of_noise.sampling_rate, of_noise.steps) == (1 / 3, 12)
    assert of_noise.epsilon == epsilon_of(2.0, 1e-5, 1 / 3, 12)
    assert guarantee(DifferentialPrivacy(noise_multiplier=2.0), 50, 100, 4).sampling_rate == 1.0
    of_promise = guarantee(DifferentialPrivacy(epsilon=2.0), 300, 100, 4)
    assert of_promise.epsilon <= 2.0
    assert of_promise.noise_multiplier == noise_for(2.0, 1e-5, 1 / 3, 12)


def test_more_noise_fewer_steps_and_rarer_examples_leak_less() -> None:
    """And one change at a time moves epsilon in the direction that it must."""
    base = epsilon_of(2.0, 1e-5, 0.1, 50)
    assert epsilon_of(3.0, 1e-5, 0.1, 50) < base < epsilon_of(2.0, 1e-5, 0.1, 100)
    assert epsilon_of(2.0, 1e-4, 0.1, 50) < base < epsilon_of(2.0, 1e-5, 0.2, 50)


def test_what_promises_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A delta by which whole examples may get out, an epsilon beyond all noise, and noise beyond all epsilons."""
    check_delta(DifferentialPrivacy(epsilon=1), 99_999)
    with pytest.raises(SpecError, match=r"delta must be below 1 / n.* n = 100000 examples; give one such as 1e-06"):
        check_delta(DifferentialPrivacy(epsilon=1), 100_000)
    monkeypatch.setattr(accounting, "MOST_NOISE", 2.0)
    with pytest.raises(SpecError, match=r"0\.1 needs more; raise epsilon"):
        guarantee(DifferentialPrivacy(epsilon=0.1), 100, 100, 10)
    monkeypatch.setattr(accounting, "MOST_EPSILON", 0.5)
    with pytest.raises(SpecError, match=r"a noise_multiplier of 3 gives .* over 10 steps"):
        guarantee(DifferentialPrivacy(noise_multiplier=3), 100, 100, 10)


def test_without_the_library_the_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a sweep and in a training."""
    accountant.cache_clear()
    monkeypatch.setitem(sys.modules, "dp_accounting", None)
    with pytest.raises(SpecError, match=r"install privsearch\[dp\]"):
        accountant()
    monkeypatch.setattr(accounting, "_LIBRARY", "no-such-library")
    with pytest.raises(SpecError, match=r"install privsearch\[dp\]"):
        check_installed()


def test_nothing_else_waits_for_the_library() -> None:
    """The training of networks and the accountant's own file are there without it."""
    code = (
        "import sys, privsearch.models.training, privsearch.analysis.accounting; print('dp_accounting' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
