"""The registration of a user's own datasets, models and attacks, whose names may then stand in sweeps.

Each call takes what it registers, or decorates it. What is registered is known to this process and to the workers
that a sweep of it starts; studies that hold results of it are read without it.
"""

import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, get_args

from privsearch._util.text import cut, remedy
from privsearch.errors import PrivsearchError, SpecError
from privsearch.spec import registry
from privsearch.spec.attacks import ATTACK_KINDS, WORST
from privsearch.spec.axes import BUILT_IN_MODELS, ENCODING_AXES, MODEL_AXES
from privsearch.spec.datasets import DatasetName
from privsearch.spec.registry import Entry, Kind
from privsearch.spec.trial import TrialSpec

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from privsearch.attacks.base import AttackView

Loader = Callable[[], Mapping[str, Any] | tuple[Any, ...]]
"""A function that returns the arrays of a dataset."""


class Builder(Protocol):
    """A function that makes a network, its weights drawn from torch's global generator."""

    def __call__(self, input_shape: tuple[int, ...], num_classes: int, spec: TrialSpec, /) -> "nn.Module":
        """Make a module from `(batch, *input_shape)` to logits `(batch, num_classes)`."""


Scorer = Callable[["AttackView"], "np.ndarray[Any, Any]"]
"""A function that scores each queried example; higher means more likely a member."""

F = TypeVar("F", bound=Callable[..., Any])

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_TAKEN: Final[Mapping[Kind, tuple[str, ...]]] = {
    "dataset": (*get_args(DatasetName), "registered"),
    "model": BUILT_IN_MODELS,
    "attack": (*ATTACK_KINDS, WORST, "threshold", "registered"),
}


def register_dataset(name: str, load: Loader | None = None) -> Any:
    """Have `name` stand for a dataset in sweeps.

    Args:
        name: 1 to 80 letters, digits or underscores, the first a letter; of no dataset that is there already.
        load: called without arguments, once in each process; the same arrays must come each time. It returns `(x, y)`
            or `(x_train, y_train, x_test, y_test)`, as a tuple or as a mapping with these names: inputs
            `(n, features)`, `(n, height, width)` or `(n, channels, height, width)`, labels `(n,)` of integers or
            strings. A mapping may hold `lengths`, or `lengths_train` and `lengths_test`, `(n,)`: inputs are then
            `(n, time, features)`, or frames for the features. The trials' ids cover the content of the arrays, not the
            name. Left out: returns a decorator.

    Returns:
        `load`, or a decorator that registers what it decorates.

    Raises:
        SpecError: the name is taken, or none.
    """
    return _registered(lambda function: Entry("dataset", name, function), load)


def register_model(name: str, build: Builder | None = None, *, version: int = 1, axes: Iterable[str] = ()) -> Any:
    """Have `name` stand for a model in sweeps, beside `ann` and `snn`.

    The model is trained by the same loop: cross-entropy on its logits, with the optimiser, the epochs and the rest of
    the recipe. The ids of its trials cover its name, its version and the values of its axes, not its code: give it
    another version when the code changes what it computes.

    Args:
        name: 1 to 80 letters, digits or underscores, the first a letter; of no model that is there already.
        build: called as `build(input_shape, num_classes, spec)`; returns a `torch.nn.Module` from
            `(batch, *input_shape)` to logits `(batch, num_classes)`. `spec` is the trial's canonical `TrialSpec`.
            Left out: returns a decorator.
        version: an integer of at least 1.
        axes: those of weight_bit_width, act_bit_width, threshold, surrogate_gradient, spiking_layers, num_steps, beta,
            readout, precision, width and how membranes are quantised (`privsearch.spec.axes.MODEL_AXES`) that `build`
            reads from `spec`. The others have no effect on it, and are dropped.

    Returns:
        `build`, or a decorator that registers what it decorates.

    Raises:
        SpecError: the name is taken, or none; the version is none; or there is no such axis.
    """
    used_axes = frozenset((axes,) if isinstance(axes, str) else axes)
    known = [axis for axis in MODEL_AXES if axis not in ENCODING_AXES]
    for axis in sorted(used_axes - set(known)):
        raise SpecError(
            f"model {cut(name)}: the axes that it honours must be among {', '.join(known)}, but got {axis!r}; "
            f"{remedy(axis, known)}"
        )
    return _registered(lambda function: Entry("model", name, function, version, used_axes), build)


def register_attack(name: str, scores: Scorer | None = None, *, version: int = 1, inputs: bool = False) -> Any:
    """Have `name` stand for an attack in sweeps and in later attacks on a study.

    Its columns in the results table begin with its name, such as `margin.auc`; from version 2 on with the version
    too, such as `margin-v2.auc`, as it is another attack.

    Args:
        name: 1 to 80 letters, digits or underscores, the first a letter; of no attack that is there already.
        scores: a pure function of what an attacker knows (`privsearch.AttackView`: outputs of the target and of its
            shadows, their labels, whose members the shadows' are known), to `(n,)` finite numbers, higher for what is
            more likely a member. A `privsearch.errors.MetricError` that it raises says why the examples cannot carry
            it. Left out: returns a decorator.
        version: an integer of at least 1; another one where the code changes what it computes.
        inputs: True to be given the examples themselves, `view.queried.inputs` and `view.population.inputs`, beside the
            outputs. The attack then needs the data, also where it is run later on what was kept of a training.

    Returns:
        `scores`, or a decorator that registers what it decorates.

    Raises:
        SpecError: the name is taken, or none; or the version is none.
    """
    return _registered(lambda function: Entry("attack", name, function, version, inputs=bool(inputs)), scores)


def use_plugin(given: str) -> None:
    """Run a Python file, or import a module, that registers something, as `--plugin` asks.

    Args:
        given: the path of a file, or the name of a module that can be imported from here.

    Raises:
        SpecError: there is none, or it raises an exception.
    """
    path = Path(given)
    try:
        if path.suffix == ".py" or path.is_file():
            run_file(path)
        else:
            sys.path.insert(0, "")
            try:
                importlib.import_module(given)
            finally:
                sys.path.remove("")
    except PrivsearchError as error:
        raise SpecError(f"--plugin {given}: {error}") from None
    except SystemExit as ended:
        raise SpecError(
            f"--plugin {given}: must register something and go on, but ends the program (SystemExit: {ended.code}); "
            "put what it does as a program under `if __name__ == '__main__':`"
        ) from ended
    except Exception as error:
        raise SpecError(
            f"--plugin {given}: must be a Python file, or a module, that can be imported, but: "
            f"{type(error).__name__}: {error}; mend it, or correct the path"
        ) from error


def run_file(path: Path) -> ModuleType:
    """Run a Python file of a user's, once in a process, and return it as a module.

    Raises:
        SpecError: its name does not end in .py.
        Exception: whatever it raises.
    """
    # A name of its own, so that a file called like a module does not take that module's place.
    name = f"privsearch_plugin_{re.sub(r'[^A-Za-z0-9_]', '_', str(path.resolve()))}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SpecError("its name must end in .py; rename it")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _registered(entry: Callable[[F], Entry], function: F | None) -> Any:
    if function is None:
        return lambda decorated: _registered(entry, decorated)
    plugin = entry(function)
    _check(plugin)
    registry.add(plugin)
    return function


def _check(entry: Entry) -> None:
    if not isinstance(entry.name, str) or not _NAME.fullmatch(entry.name):
        raise SpecError(
            f"the name of a {entry.kind} must be 1 to 80 letters, digits or underscores, the first a letter, but got "
            f"{cut(entry.name)}; rename it"
        )
    if entry.name in _TAKEN[entry.kind]:
        raise SpecError(f"the name {entry.name!r} must not be that of a {entry.kind} of privsearch's; rename it")
    if not callable(entry.function):
        raise SpecError(f"{entry.kind} {entry.name!r}: must be a function, but got {cut(entry.function)}; pass one")
    if type(entry.version) is not int or not 1 <= entry.version < 1_000_000:
        raise SpecError(
            f"{entry.kind} {entry.name!r}: the version must be an integer from 1 to 999999, but got "
            f"{cut(entry.version)}; count up from 1"
        )
