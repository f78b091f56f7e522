"""The protocols: which networks a trial trains on what, and how an attack is evaluated on them.

base.py         the abstract class that every protocol's rules implement
paper.py        the paper's protocol, with its placebo
halves.py       every network on its own half of the training split, every network the target in turn
given.py        networks that were trained elsewhere, with the members that they are said to have
one_run.py      independent coins for the audited examples, and the bound on epsilon that they allow
audit.py        all attacks of a trial on all its targets
odd_outputs.py  examples whose outputs lie far out of all others
evaluation.py   from an attack's scores to the numbers that are reported
seeding.py      the random streams of a trial
units.py        the units of membership: examples, or persons with all of their examples

A protocol is one file here, one class and one union entry in `spec/protocols.py`, and one entry below.
"""

from typing import Any, Final

from privsearch.attacks.protocols.base import ProtocolRules
from privsearch.attacks.protocols.given import GivenRules
from privsearch.attacks.protocols.halves import HalvesRules
from privsearch.attacks.protocols.one_run import OneRunRules
from privsearch.attacks.protocols.paper import PaperRules
from privsearch.spec import GivenProtocol, HalvesProtocol, OneRunProtocol, PaperProtocol, Protocol

__all__ = ["ProtocolRules", "rules_of"]

_RULES: Final[dict[type, type[ProtocolRules[Any]]]] = {
    PaperProtocol: PaperRules,
    HalvesProtocol: HalvesRules,
    OneRunProtocol: OneRunRules,
    GivenProtocol: GivenRules,
}


def rules_of(protocol: Protocol) -> ProtocolRules[Any]:
    """Return the rules of a protocol, as a specification asks for it."""
    return _RULES[type(protocol)](protocol)
