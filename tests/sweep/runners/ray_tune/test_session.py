from typing import Any

import pytest
import ray

from privsearch.errors import ClusterError
from privsearch.sweep.runners.ray_tune import session as ray_session
from privsearch.sweep.runners.ray_tune.session import CLIENT_STARTS, ray_at

CRASHED = "Initialization failure from server: RuntimeError: Starting Ray client server failed. See its log."
ZOMBIE = "Initialization failure from server: psutil.ZombieProcess: PID still exists but it's a zombie (pid=7)"


class Proxy:
    """Stands for a cluster whose server for a client crashes as it starts: a race in gRPC that cannot be provoked."""

    def __init__(self, crashes: int, said: str = CRASHED) -> None:
        self.left = crashes
        self.calls = 0
        self.said = said

    def init(self, **options: Any) -> None:
        self.calls += 1
        self.left -= 1
        if self.left >= 0:
            raise ConnectionAbortedError(self.said)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Proxy:
    """One that crashes as often as the test asks."""
    own = Proxy(*request.param)
    monkeypatch.setattr(ray, "init", own.init)
    monkeypatch.setattr(ray_session, "_check_reachable", lambda address: None)
    return own


@pytest.mark.parametrize("proxy", [(0,), (CLIENT_STARTS - 1,), (1, ZOMBIE)], indirect=True)
def test_a_client_s_server_that_crashed_is_started_again(proxy: Proxy) -> None:
    """Whoever connects from outside need not know of it."""
    crashes = proxy.left
    with ray_at("ray://127.0.0.1:1"):
        assert proxy.calls == crashes + 1


@pytest.mark.parametrize("proxy", [(9,), (1, "no such cluster")], indirect=True)
def test_what_goes_on_failing_is_told(proxy: Proxy) -> None:
    """So is at once what another start would not mend."""
    expected = CLIENT_STARTS if proxy.left == 9 else 1
    with pytest.raises(ClusterError, match="must be a Ray cluster with this Python"), ray_at("ray://127.0.0.1:1"):
        pass
    assert proxy.calls == expected
