"""The random streams of a trial, independent of one another and all derived from the seed of the sweep."""

import zlib
from enum import IntEnum

import numpy as np

from privsearch.spec import Attack


class Stream(IntEnum):
    """The purpose of a stream."""

    INIT = 0
    SUBSET = 1
    ATTACK = 2
    EVALUATE = 3
    HALVE = 4
    AUDITED = 5
    CANARY = 6
    SPLIT = 7
    ALL_DATA = 8


def random_stream(seed: int, replicate: int, stream: Stream) -> np.random.Generator:
    """Return the generator for one purpose of one replicate."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(replicate, stream)))


def attack_stream(seed: int, replicate: int, attack: Attack) -> np.random.Generator:
    """Return the generator for one attack on one target; the other attacks of the trial do not change it."""
    attack_seed = int(random_stream(seed, replicate, Stream.ATTACK).integers(2**63))
    return np.random.default_rng([attack_seed, zlib.crc32(attack.name.encode())])
