"""The calls that audit networks that were trained elsewhere by asking them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from privsearch.api.arguments import AnyStudy
from privsearch.api.outputs import OutputsAudit, audit_given
from privsearch.api.plugins import run_file
from privsearch.data.given_outputs import checked_outputs, read_examples
from privsearch.errors import PrivsearchError, SpecError
from privsearch.spec import Attack


def audit_networks(  # who was trained on what, and where it is recorded
    networks: "Iterable[tuple[Callable[[Any], Any], Any]]",
    x: Any,
    y: Any,
    *,
    groups: Any = None,
    attacks: Sequence[Attack | Mapping[str, Any] | str] | None = None,
    name: str = "outputs",
    model: str = "network",
    study: AnyStudy | None = None,
    seed: int = 0,
) -> OutputsAudit:
    """Ask trained networks about examples, and audit what they answer (`audit_outputs`).

    Args:
        networks: each network with the rows of `x` that it was trained on, as indices or as a mask `(examples,)`. A
            network is a `torch.nn.Module` from `(batch, ...)` to `(batch, classes)`, which is put into evaluation mode;
            or any function of a batch as a float32 tensor to such an array or tensor.
        x: `(examples, ...)`, all examples, members or not.
        y: `(examples,)`, class indices.
        groups: as in `audit_outputs`; likewise all that follows.
        attacks: likewise.
        name: likewise.
        model: likewise.
        study: likewise.
        seed: likewise.

    Raises:
        DataError: a network fails, or its answers or rows break a rule.
        PrivsearchError: as `audit_outputs`.
    """
    from privsearch.models.asked import ask_networks

    outputs, is_member = ask_networks(networks, x)
    given = checked_outputs(outputs, is_member, y, groups=groups)
    return audit_given(given, attacks, name, model, study, seed)


def audit_network_file(  # who was trained on what, and where it is recorded
    networks: Path | str,
    data: Path | str,
    *,
    attacks: Sequence[Attack | Mapping[str, Any] | str] | None = None,
    name: str = "outputs",
    model: str = "network",
    study: AnyStudy | None = None,
    seed: int = 0,
) -> OutputsAudit:
    """Audit the networks that a Python file makes or loads.

    Args:
        networks: the file. Its function `trained_networks(x, y)` gets all examples as float32 and their classes as
            int64 tensors, and returns what `audit_networks` takes: pairs of a network and the rows that it was trained
            on.
        data: an NPZ archive of `x` `(examples, ...)` and `y` `(examples,)`, and of `groups` `(examples,)` if there are
            any.
        attacks: as in `audit_outputs`; likewise all that follows.
        name: likewise.
        model: likewise.
        study: likewise.
        seed: likewise.

    Raises:
        SpecError: the file cannot be run, or has no such function.
        DataError: the data cannot be read; or as `audit_networks`.
    """
    arrays = read_examples(data)
    function = _networks_function(Path(networks))
    import torch

    x = torch.as_tensor(arrays["x"], dtype=torch.float32)
    y = torch.as_tensor(arrays["y"].astype(np.int64))
    try:
        pairs = list(function(x, y))
    except Exception as error:  # whatever somebody's function raises
        raise SpecError(
            f"--networks {networks}: trained_networks(x, y) must return pairs of a network and the rows that it was "
            f"trained on, but: {type(error).__name__}: {error}"
        ) from error
    groups = arrays.get("groups")
    return audit_networks(
        pairs, x, arrays["y"], groups=groups, attacks=attacks, name=name, model=model, study=study, seed=seed
    )


def _networks_function(path: Path) -> Callable[[Any, Any], Iterable[Any]]:
    given = f"--networks {path}"
    if not path.is_file():
        raise SpecError(f"{given}: the path must lead to a Python file, but there is none; correct the path")
    try:
        module = run_file(path)
    except PrivsearchError as error:
        raise SpecError(f"{given}: {error}") from None
    except (Exception, SystemExit) as error:
        raise SpecError(
            f"{given}: must be a Python file that can be run, but: {type(error).__name__}: {error}; mend it"
        ) from error
    function = getattr(module, "trained_networks", None)
    if not callable(function):
        raise SpecError(f"{given}: must have a function trained_networks(x, y), but has none; write one")
    return function  # type: ignore[no-any-return]
