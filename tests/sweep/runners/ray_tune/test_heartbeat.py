import logging

import pytest

from privsearch.sweep.runners.ray_tune.capacity import lacking
from privsearch.sweep.runners.ray_tune.heartbeat import HEAD, Heartbeat

HEAD_NODE = {HEAD: 1.0, "node:10.0.0.1": 1.0, "CPU": 4.0, "memory": 1e10}
SEATED = {"CPU": 1.0, "seat": 2.0, "node:10.0.0.2": 1.0}
WORKER = {"CPU": 2.0, "GPU": 0.0, "seat": 1.0}


def test_what_no_machine_has_is_told_at_once_and_once(caplog: pytest.LogCaptureFixture) -> None:
    """By its name, and with what there is; nobody is told before Ray has said what there is."""
    heartbeat = Heartbeat()
    with caplog.at_level(logging.WARNING):
        assert heartbeat.note_waiting(WORKER) is None
        heartbeat._hear([HEAD_NODE])
        assert [heartbeat.note_waiting(WORKER) for _ in range(3)] == ["seat 1"] * 3
    (said,) = caplog.messages
    assert said.startswith(
        "no machine of the cluster has what a worker needs: seat 1; together they have CPU 4; waiting for one"
    )
    heartbeat._hear([HEAD_NODE, {**SEATED, "CPU": 2.0}])
    assert heartbeat.note_waiting(WORKER) is None


def test_what_each_machine_has_a_part_of_is_on_none() -> None:
    """All that a worker needs must be in one place."""
    assert lacking(WORKER, [HEAD_NODE, SEATED]) == {"CPU": 2.0, "seat": 1.0}
    assert lacking(WORKER, [HEAD_NODE]) == {"seat": 1.0}
    assert lacking(WORKER, [{**HEAD_NODE, **SEATED, "CPU": 8.0}]) == {}
