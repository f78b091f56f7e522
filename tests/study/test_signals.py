from dataclasses import replace

import numpy as np
import pytest

from privsearch.study.signals import Signals


def signals(logits: np.ndarray, **outputs: np.ndarray) -> Signals:
    """Of networks of which `(K, N, C)` logits are known, and other readouts of the same shape."""
    networks, size, _ = logits.shape
    read = {(name, "plain"): values[:, None] for name, values in {"final_mem": logits, **outputs}.items()}
    return Signals(read, np.zeros((networks, size), bool), np.zeros(size, int), np.arange(size), size)


def test_a_network_that_answers_all_alike_is_constant() -> None:
    """Up to rounding, whatever it answers; one example that is answered otherwise is enough to make it none."""
    logits = np.random.default_rng(0).normal(size=(4, 50, 3)).astype(np.float32)
    logits[1] = logits[1, 0]
    logits[2] = logits[2, 0] * (1 + 1e-7 * np.arange(50)[:, None] / 50)
    logits[3] = logits[3, 0]
    logits[3, 7, 1] += 0.01
    assert signals(logits).constant_networks("final_mem", "plain") == (1, 2)
    assert signals(np.zeros((1, 5, 2))).constant_networks("final_mem", "plain") == (0,)


def test_one_class_for_everything_is_not_constant() -> None:
    """The outputs differ, so attacks see something; what the network is worth, its accuracy says."""
    logits = np.random.default_rng(0).normal(size=(1, 50, 3)) + np.array([100, 0, 0])
    assert (logits.argmax(-1) == 0).all()
    assert signals(logits).constant_networks("final_mem", "plain") == ()


def test_each_readout_is_looked_at_for_itself() -> None:
    """Neurons that never fire have membranes all the same; and what overflows a difference is no warning."""
    logits = np.random.default_rng(0).normal(size=(1, 50, 3)).astype(np.float32)
    found = signals(logits * np.float32(1e38), spike_counts=np.zeros_like(logits))
    assert found.constant_networks("final_mem", "plain") == ()
    assert found.constant_networks("spike_counts", "plain") == (0,)


def test_the_logits_are_what_the_networks_were_trained_by() -> None:
    """Whoever asks for logits gets these, and is told their name; an ANN has no others."""
    final, mean = np.random.default_rng(0).normal(size=(2, 1, 50, 3))
    of_final = signals(final, mean_mem=mean, spike_counts=mean)
    of_mean = replace(of_final, logits_from="mean_mem")
    for found, logits, name in ((of_final, final, "final_mem"), (of_mean, mean, "mean_mem")):
        assert np.array_equal(found.logits, logits)
        assert np.array_equal(found.answers("logits", "plain")[:, 0], logits)
        assert np.array_equal(found.answers("final_mem", "plain")[:, 0], final)
        assert (found.named("logits"), found.named("spike_counts")) == (name, "spike_counts")
    dead = replace(of_mean, outputs={**of_mean.outputs, ("mean_mem", "plain"): np.zeros((1, 1, 50, 3))})
    assert dead.constant_networks("logits", "plain") == (0,)
    assert dead.constant_networks("final_mem", "plain") == ()
    assert np.array_equal(signals(final).answers("mean_mem", "plain")[:, 0], final)


@pytest.mark.parametrize("network", [0, 1])
def test_every_view_counts(network: int) -> None:
    """A network that answers differently to some view of the examples is not constant."""
    views = np.zeros((2, 3, 50, 2))
    views[network, 2, 4] = 1.0
    found = Signals({("final_mem", "augmented"): views}, np.zeros((2, 50), bool), np.zeros(50, int), np.arange(50), 50)
    assert found.constant_networks("final_mem", "augmented") == (1 - network,)
