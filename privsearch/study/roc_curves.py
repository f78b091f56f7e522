"""The ROC curves of a trial's attacks, kept when it is attacked, so that who shows them need not attack it again."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from privsearch.errors import StudyError
from privsearch.study.attack_result import AttackResult
from privsearch.study.result import Completed
from privsearch.study.signal_archive import SignalArchive

_Count = Annotated[int, Field(ge=0)]


@dataclass(frozen=True)
class Curve:
    """The ROC curve of one target, as counts: members and non-members above some thresholds, all of them at last."""

    members: list[_Count]
    non_members: list[_Count]


@dataclass(frozen=True)
class KeptCurves:
    """The curves of one attack, one a target, with the AUCs that are recorded of these, which tell whose they are."""

    aucs: list[float]
    targets: list[Curve]


@cache  # made when it is needed, as whoever shows no curves imports this too
def _file() -> TypeAdapter[dict[str, KeptCurves]]:
    """Return the form of a file: the curves of each attack, by its name."""
    return TypeAdapter(dict[str, KeptCurves])


@dataclass(frozen=True)
class CurveArchive:
    """A folder of signals, in which the curves of a trial are beside its signals, as `<trial_id>.roc.json`.

    Attributes:
        signals: the archive of the signals.
    """

    signals: SignalArchive

    def add(self, trial_id: str, curves: Mapping[str, KeptCurves]) -> None:
        """Keep the curves of attacks, by name, beside those of other ones; if the folder allows, as all can be redone.

        Args:
            trial_id: the trial's key.
            curves: the curves.
        """
        with suppress(StudyError):
            together = {**self._read(trial_id), **curves}
            self.signals.files.write(_name(trial_id), _file().dump_json(together))

    def of(self, result: Completed) -> dict[str, Sequence[Curve]]:
        """Return, by attack, one curve a target, as far as they are kept and are those of what is recorded.

        Args:
            result: what is recorded of the trial.
        """
        try:
            kept = self._read(result.trial_id)
        except StudyError:
            return {}
        return {
            name: curves.targets
            for name, curves in kept.items()
            if _are_of(curves, [one.attacks[name] for one in result.replicates if name in one.attacks])
        }

    def _read(self, trial_id: str) -> dict[str, KeptCurves]:
        """Return all that is kept of a trial; nothing if the file is damaged."""
        content = self.signals.files.read(_name(trial_id))
        try:
            return _file().validate_json(content, strict=True) if content else {}
        except ValidationError:
            return {}


def _name(trial_id: str) -> str:
    return f"{trial_id}.roc.json"


def _are_of(curves: KeptCurves, recorded: Sequence[AttackResult]) -> bool:
    """Tell whether curves can be those of what is recorded of an attack's targets; a stranger may have put others."""
    return curves.aucs == [one.auc.value for one in recorded] and (
        len(curves.targets) == len(recorded) and all(map(_is_of, curves.targets, recorded))
    )


def _is_of(curve: Curve, recorded: AttackResult) -> bool:
    """Tell whether a curve goes from nobody to everybody, and never falls."""
    members, others = curve.members, curve.non_members
    ends = ((members, recorded.num_members), (others, recorded.num_non_members))
    rises = (counts[:1] == [0] and counts[-1] == total and counts == sorted(counts) for counts, total in ends)
    return len(members) == len(others) and all(rises)
