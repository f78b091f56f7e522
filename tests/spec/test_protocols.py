import pytest
from pydantic import ValidationError

from privsearch.spec import GivenProtocol, HalvesProtocol, OneRunProtocol, PaperProtocol, Protocol
from privsearch.spec.protocols import PROTOCOLS

EVERY = [protocol() for protocol in PROTOCOLS.values()]


@pytest.mark.parametrize("protocol", EVERY, ids=PROTOCOLS)
def test_every_network_has_a_role_and_every_target_a_network(protocol: Protocol) -> None:
    """The roles, the targets and the networks of a protocol agree, and every network has a name of its own."""
    roles = protocol.roles()
    assert len(roles) == protocol.networks
    assert [roles[network][0] for network in protocol.target_networks] == list(range(1, protocol.targets + 1))
    assert len({protocol.network_name(network) for network in range(protocol.networks)}) == protocol.networks
    assert protocol.outputs_per_attack <= protocol.networks
    assert protocol.targets_are_shadows == (roles[0][1] == "both")


def test_the_kinds_are_the_names_in_sweep_files() -> None:
    """Every class of the union stands under its own kind."""
    assert [protocol.kind for protocol in EVERY] == list(PROTOCOLS) == ["paper", "halves", "one_run", "given"]


def test_networks_are_named_by_their_roles() -> None:
    """A pair shares the number of its replicate; a network that is target and shadow has its own."""
    assert [PaperProtocol().network_name(network) for network in (0, 1, 2)] == [
        *("replicate 1  target", "replicate 1  shadow", "replicate 2  target")
    ]
    assert HalvesProtocol().network_name(2) == "network 3"
    assert OneRunProtocol(replicates=2).network_name(1) == "replicate 2  target"
    assert [GivenProtocol(audited=2, references=1).network_name(k) for k in range(3)] == [
        *("network 1", "network 2", "reference 1")
    ]


def test_the_plain_view_comes_first_and_views_without_a_count_not_at_all() -> None:
    """The kinds of queries are those of the views, in their order."""
    assert HalvesProtocol(augmented_queries=2, dropout_queries=3).views == {
        "plain": 1,
        "augmented": 2,
        "input_dropout": 3,
    }
    assert HalvesProtocol(dropout_queries=1).queries == ("plain", "input_dropout")
    assert HalvesProtocol().views == PaperProtocol().views == {"plain": 1}


def test_a_coin_for_a_part_leaves_the_rest_in_training() -> None:
    """Of 100 examples with 40 coins, 80 are trained on, on average; nothing else is the target's shadow."""
    protocol = OneRunProtocol(replicates=3, audited_fraction=0.4)
    assert (protocol.num_audited(100), protocol.training_examples(100)) == (40, [80] * 3)
    assert (protocol.outputs_per_attack, protocol.shadows_in_each_state, protocol.svm_fits(100, 20)) == (1, 0, [])


def test_a_block_of_all_networks_is_no_block() -> None:
    """So that such a trial is the one of the same number of networks; blocks of fewer are what they are."""
    for block, canonical in ((8, None), (4, 4), (None, None)):
        protocol = HalvesProtocol(networks=8, networks_per_attack=block)
        assert protocol.canonical(augments=False, has_own_test_split=False).networks_per_attack == canonical
    assert HalvesProtocol(networks=8, networks_per_attack=4).shadows_in_each_state == 1
    assert "other pairs of its block of 4" in HalvesProtocol(networks=8, networks_per_attack=4).summary


def test_blocks_must_be_of_one_size() -> None:
    """A last block of two networks would have too few shadows; the nearest size is named."""
    with pytest.raises(ValidationError, match="but got 4, and there are 10; nearest valid: 10"):
        HalvesProtocol(networks=10, networks_per_attack=4)
