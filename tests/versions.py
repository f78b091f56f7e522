"""Other versions of the packages, as far as results say which they were computed under."""

from collections.abc import Callable, Iterator

import pytest

from privsearch.study import environment

OtherVersions = Callable[..., None]
"""Called with packages and the versions that they are to seem to have."""


def pretending(monkeypatch: pytest.MonkeyPatch) -> Iterator[OtherVersions]:
    """Let a test choose versions, and take them back."""
    real = environment._version

    def pretend(**versions: str) -> None:
        monkeypatch.setattr(environment, "_version", lambda name: versions.get(name) or real(name))
        environment.present_environment.cache_clear()

    yield pretend
    environment.present_environment.cache_clear()
