"""A trial, found by its id, by the beginning of one, or by the name that its configuration has on the fronts."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Final, NamedTuple

import pandas as pd

from privsearch._util.text import cut, remedy
from privsearch.analysis.axis_values import varying_axes
from privsearch.analysis.frames import axes_of
from privsearch.analysis.labels import configuration
from privsearch.errors import PrivsearchError, StudyError
from privsearch.spec import AXES, TrialSpec

SHOWN_ID: Final = 8
"""The characters of a trial's id that are shown; commands take the beginning of one."""

_MOST_NAMED: Final = 5


class Known(NamedTuple):
    """A trial that can be asked for: its id, its task, and the name of its configuration there."""

    trial_id: str
    dataset: str
    protocol: str
    name: str

    def __str__(self) -> str:
        return f"{self.trial_id} ({self.dataset}, {self.protocol}: {self.name})"


class Within(NamedTuple):
    """What a trial that is sought by its name must be of; None for any.

    Attributes:
        dataset: the name of a dataset.
        protocol: the kind of a protocol.
    """

    dataset: str | None = None
    protocol: str | None = None


EVERYWHERE: Final = Within()


def known_trials(specs: Mapping[str, TrialSpec]) -> list[Known]:
    """Name trials as the fronts do: by the axes in which those of one dataset under one protocol differ.

    Args:
        specs: the trials, by trial_id.
    """
    axes = {trial_id: axes_of(spec) for trial_id, spec in specs.items()}
    tasks: dict[tuple[str, str], list[str]] = {}
    for trial_id, spec in specs.items():
        tasks.setdefault((spec.dataset_name, spec.protocol.kind), []).append(trial_id)
    names: dict[str, str] = {}
    for ids in tasks.values():
        varying = varying_axes(pd.DataFrame([axes[trial_id] for trial_id in ids], columns=list(AXES)))
        names |= {trial_id: configuration(axes[trial_id], varying) for trial_id in ids}
    return [Known(i, spec.dataset_name, spec.protocol.kind, names[i]) for i, spec in specs.items()]


def find_trial_id(
    asked: str,
    specs: Mapping[str, TrialSpec],
    suggested: Collection[str] | None = None,
    *,
    beside: TrialSpec | None = None,
    within: Within = EVERYWHERE,
    error: type[PrivsearchError] = StudyError,
) -> str:
    """Find the one trial that is asked for.

    Args:
        asked: an id, the beginning of one, or the name of a configuration, in any case of letters.
        specs: the trials to choose from, by trial_id.
        suggested: the ids that the error suggests; by default all.
        beside: a trial to compare it with: a name is that of its task, if there is one there.
        within: the dataset and the protocol to look in.
        error: the kind of the error.

    Raises:
        PrivsearchError: no trial is meant, or several are.
    """
    known = known_trials(specs)
    for option, given in within._asdict().items():
        valid = list(dict.fromkeys(str(getattr(one, option)) for one in known))
        if given is not None and given not in valid:
            raise error(
                f"--{option}: must be one that there are trials of ({', '.join(valid) or 'none'}), but got "
                f"{cut(given)}; {remedy(given, valid)}"
            )
        known = [one for one in known if given in (None, getattr(one, option))]
    named = [one for one in known if _plain(one.name) == _plain(asked)]
    if beside:
        here = (beside.dataset_name, beside.protocol.kind)
        named = [one for one in named if (one.dataset, one.protocol) == here] or named
    found = named or [one for one in known if asked and one.trial_id.startswith(asked)]
    if len(found) == 1:
        return found[0].trial_id
    fitting = [one for one in known if suggested is None or one.trial_id in suggested]
    could_be = [one for one in found if one in fitting] or fitting
    what = "means none of them"
    if found:
        what = f"is the name of {len(found)} trials" if named else f"is the beginning of {len(found)} ids"
    raise error(
        f"{cut(asked)}: must mean one trial, by its id, the beginning of its id, or the name of its configuration, but "
        f"{what}; {_remedy(asked, could_be, [one for one in named if len(found) > 1])}"
    )


def _remedy(asked: str, could_be: Collection[Known], named: Collection[Known]) -> str:
    """Say what to write instead."""
    if len({one.dataset for one in named}) > 1 or len({one.protocol for one in named}) > 1:
        lacking = [
            option
            for option, values in {
                "--dataset": {one.dataset for one in named},
                "--protocol": {one.protocol for one in named},
            }.items()
            if len(values) > 1
        ]
        return f"add {' and '.join(lacking)}, or take an id: {listed(asked, could_be)}"
    quoted = (
        "a name with spaces stands in quotes; "
        if any(_plain(asked) in _plain(one.name).split() for one in could_be if " " in one.name)
        else ""
    )
    return f"{quoted}these would do: {listed(asked, could_be)}"


def listed(asked: str, could_be: Collection[Known]) -> str:
    """Name the trials that are most like what was asked for, in their order if all have its name; count the others."""
    if all(_plain(one.name) == _plain(asked) for one in could_be):
        asked = ""
    by_text = {text: one for one in could_be for text in (one.trial_id, f"{_plain(one.name)} {one.trial_id}")}
    near = get_close_matches(_plain(asked), by_text, n=2 * _MOST_NAMED, cutoff=0) if asked else list(by_text)
    shown = list(dict.fromkeys(str(by_text[text]) for text in near))[:_MOST_NAMED]
    more = len(could_be) - len(shown)
    return ", ".join(shown or ["none"]) + (f" and {more} more" if more > 0 else "")


def _plain(name: str) -> str:
    """Return a name as it is compared: in small letters, with single spaces, without the mark of what pick takes."""
    return " ".join(name.casefold().replace("*", " ").split())
