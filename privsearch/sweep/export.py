"""The export of one configuration of a study: a sweep file of its own, and its networks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from privsearch._util.disk import replace_file, writing
from privsearch._util.html import html_text
from privsearch._util.numerals import fixed, signed
from privsearch._util.text import printable
from privsearch.analysis.comparable import find_completed
from privsearch.analysis.frames import completed_numbers
from privsearch.analysis.lookup import EVERYWHERE, Within
from privsearch.data import describe_dataset, require_datasets
from privsearch.errors import DataError, StudyError
from privsearch.spec import Attack, SweepSpec, ThresholdAttack, TrialSpec, dataset_name
from privsearch.spec.columns import Column
from privsearch.spec.datasets import trained_elsewhere
from privsearch.spec.recipe import RECIPE_AXES
from privsearch.study.content import StudyContent
from privsearch.study.environment import changes, present_environment, was_on_gpu
from privsearch.study.folder import StudyFolder
from privsearch.study.kept import KeptFiles
from privsearch.study.network_archive import (
    KeptNetworks,
    NetworkArchive,
    load_networks,
    pack_networks,
    unpack_networks,
)
from privsearch.study.result import Completed, Failed, same_network

if TYPE_CHECKING:
    from privsearch.models.training import EpochListener

_CONFIGURATION: Final = "configuration"
_ALWAYS: Final = ("model", "weight_bit_width", "act_bit_width")
"""The axes that the grid always names, even at their defaults."""


@dataclass(frozen=True)
class Retrained:
    """The comparison of a recorded result with that of training the configuration again.

    Attributes:
        differing: the recorded and the new number of each column whose numbers differ.
        equal: True if the whole results are equal, numbers without a column included.
        changes: the differences between the two environments, in words; empty if there are none.
    """

    differing: dict[str, tuple[Any, Any]]
    equal: bool
    changes: str


@dataclass(frozen=True)
class Exported:
    """The files of an export.

    Attributes:
        trial_id: the id of the trial.
        sweep_file: the sweep file of the trial's configuration.
        networks_file: the absolute path of the file with the trial's networks; None if they were not kept.
        num_networks: the number of networks in that file.
        retrained: the comparison of a new training with the record; None if nothing was trained.
        notes: remarks for whoever uses the files.
    """

    trial_id: str
    sweep_file: Path
    networks_file: Path | None
    num_networks: int
    retrained: Retrained | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        networks = f", {self.num_networks} networks in {str(self.networks_file)!r}" if self.networks_file else ""
        return f"Exported(trial {self.trial_id}: {str(self.sweep_file)!r}{networks})"

    def _repr_html_(self) -> str:
        return html_text("\n".join([repr(self), *self.notes, *([self.code] if self.code else [])]))

    @property
    def code(self) -> str | None:
        """The lines of Python that load the first network; None if there is no network."""
        if self.networks_file is None:
            return None
        return f"import privsearch\nnetwork = privsearch.load_network({str(self.networks_file)!r}, index=0)"


def export(
    study: StudyFolder,
    trial: str,
    to: Path | None = None,
    *,
    within: Within = EVERYWHERE,
    train: bool = False,
    on_epoch: "EpochListener | None" = None,
) -> Exported:
    """Write `<trial_id>.yaml`, a sweep file of one configuration, and `<trial_id>.pt`, its networks if there are any.

    Args:
        study: the study.
        trial: the id of a completed trial, the beginning of one, or the name of a configuration.
        to: the directory to write to, created if missing; by default `exports` in the study.
        within: the dataset and the protocol to look in.
        train: train the configuration again if its networks were not kept. The same spec, seed, versions and kind of
            machine give the same networks.
        on_epoch: the listener called after each epoch of that training.

    Raises:
        StudyError: there is no such trial, its networks are damaged, a file cannot be written, or the training failed.
        DataError: the trial is to be trained, but its dataset cannot be read or has changed.
    """
    content = study.load()
    sweep = content.sweep
    result = find_completed(trial, content.results, within=within)
    result = result.model_copy(update={"spec": _with_present_dataset(result.spec, sweep)})
    if trained_elsewhere([result.spec.dataset]):
        raise StudyError(
            f"{result.trial_id}: an exported trial must be one that can be trained again, but its networks were "
            "trained elsewhere and their outputs alone are here; take them from where they are"
        )
    to = to or study.outputs.exports
    with writing(to):
        to.mkdir(parents=True, exist_ok=True)
    one = one_trial_sweep(result.spec, sweep, result.trial_id)
    sweep_file = to / f"{result.trial_id}.yaml"
    heading = "".join(f"# {line}\n" for line in _heading(study, result))
    replace_file(sweep_file, heading + one.to_yaml(brief=True))
    notes = [*_identity_notes(result), *_attack_notes(result.spec, one)]
    path, retrained = to.absolute() / f"{result.trial_id}.pt", None
    kept = _copied(content, result, path)
    if kept and kept.environment != result.environments[0]:
        differs = changes(result.environments[0], kept.environment)
        notes.append(f"the networks are of another training than the numbers recorded: {differs}")
    if not kept and train:
        retrained = _trained_again(result, NetworkArchive(path.parent), on_epoch)
        kept = load_networks(path)
    count = len(kept.networks) if kept else 0
    return Exported(result.trial_id, sweep_file, path if kept else None, count, retrained, tuple(notes))


def one_trial_sweep(spec: TrialSpec, sweep: SweepSpec, trial_id: str) -> SweepSpec:
    """Build a sweep of a single trial.

    Args:
        spec: the trial, canonical.
        sweep: the sweep that the trial is from, for its objectives and its workers' resources.
        trial_id: the trial's key.
    """
    axes = {axis: value for axis, value in spec.axes().items() if value is not None or axis in _ALWAYS}
    return SweepSpec.model_validate(
        {
            "name": f"{sweep.name[:80]}-{trial_id[:8]}",
            "datasets": (spec.dataset,),
            "protocol": (spec.protocol,),
            "grids": {_CONFIGURATION: {axis: (value,) for axis, value in axes.items() if axis not in RECIPE_AXES}},
            "recipe": {axis: value for axis, value in axes.items() if axis in RECIPE_AXES},
            "attacks": (*spec.attacks, *_missing_askers(spec)),
            "objectives": sweep.objectives,
            "energy": sweep.energy,
            "keep_networks": True,
            "resources": sweep.resources,
            "retries": sweep.retries,
            "timeout": sweep.timeout,
            "checkpoint_minutes": sweep.checkpoint_minutes,
            "seed": spec.seed,
        }
    )


def _with_present_dataset(spec: TrialSpec, sweep: SweepSpec) -> TrialSpec:
    """Return the trial with the sweep's path of its dataset, as the record may hold an older path."""
    there = next((d for d in sweep.datasets if dataset_name(d) == spec.dataset_name), spec.dataset)
    return spec.model_copy(update={"dataset": there})


def _copied(content: StudyContent, result: Completed, path: Path) -> KeptNetworks | None:
    """Copy a trial's networks out of the study and return their contents; None if the study has not kept them all."""
    archive = content.networks
    files = KeptFiles(frozenset(archive.trial_ids()), content.record.results)
    holding = files.files_of(result.trial_id, result.networks)
    parts: list[KeptNetworks] = []
    for name in dict.fromkeys([result.trial_id, *holding.values()]):
        packed = archive.read(name)
        if packed is None:
            continue
        try:
            parts.append(unpack_networks(packed))
            if name == result.trial_id != parts[-1].trial_id:
                raise ValueError(f"must be those of trial {result.trial_id}, but are those of {parts[-1].trial_id}")
        except ValueError as error:
            raise StudyError(
                f"{content.path}: the networks of {result.trial_id} are damaged: {_one_line(str(error))}; "
                f"`privsearch check --repair` moves them aside, then --train trains them again"
            ) from None
    # A network has the same place in all trials that have it.
    found = {(network.replicate, network.role): network for part in parts for network in part.networks}
    roles = result.spec.protocol.roles()
    if not found.keys() >= set(roles):
        return None
    kept = replace(
        parts[0], trial_id=result.trial_id, spec=result.spec, networks=[found[replicate] for replicate in roles]
    )
    replace_file(path, pack_networks(kept))
    return kept


def _missing_askers(spec: TrialSpec) -> list[Attack]:
    """Return an attack for each kind of query of the trial's protocol that none of its attacks reads.

    The protocol belongs to a trial's identity, but a sweep file refuses queries that no attack reads.
    """
    read_queries = {attack.queries for attack in spec.attacks}
    idle = [queries for queries in spec.protocol.queries if queries != "plain" and queries not in read_queries]
    return [ThresholdAttack(kind="loss", queries=queries) for queries in idle]


def _heading(study: StudyFolder, result: Completed) -> Iterator[str]:
    """Yield the comments of the sweep file: the trial's study, its environments, and its numbers."""
    name, finished = _one_line(str(study.path)), _one_line(result.finished_at)
    yield f"Trial {result.trial_id} of the study {name}, finished {finished}."
    yield from (f"Computed under {_one_line(environment)}" for environment in result.environments)
    count = len(result.replicates)
    yield f"What came out: means ± sd over {count} target{'s' if count > 1 else ''}; in brackets 95 % intervals."
    numbers = completed_numbers(result)
    aucs = [column for column in map(Column.parse, numbers) if column.number in ("auc", "excess_auc")]
    for column in (Column(None, "test_accuracy"), Column(None, "train_accuracy"), *aucs):
        if numbers.get(str(column)) is not None:
            yield f"  {column} {_with_spread(numbers, column)}"
    for attack, reason in result.refused.items():
        yield f"  {attack} could not be run: {_one_line(reason)}"
    yield f"privsearch plan {result.trial_id}.yaml shows this one trial; privsearch sweep trains it."


def _with_spread(numbers: dict[str, Any], column: Column) -> str:
    sd, low, high = (numbers.get(str(part)) for part in (column.sd, column.low, column.high))
    spread = "" if sd is None else f" ± {sd:.4f}"
    interval = "" if low is None or high is None else f" [{fixed(low, 4)}, {fixed(high, 4)}]"
    number = signed if column.is_excess else fixed
    return f"{number(numbers[str(column)], 4)}{spread}{interval}"


def _one_line(text: str) -> str:
    """Return a text in one line, so that it cannot end a comment."""
    return " ".join(printable(text).split())


def _identity_notes(result: Completed) -> Iterator[str]:
    """Yield a note if the sweep file does not give this trial here and now."""
    try:
        info = describe_dataset(result.spec.dataset)
    except DataError as error:
        yield f"the dataset is not at hand here: {error}"
        return
    if result.spec.trial_id(info.fingerprint) != result.trial_id:
        yield (
            f"{info.name}: its data have changed since, or a later privsearch gives this configuration other numbers: "
            "the sweep file stands for another trial now"
        )


def _attack_notes(spec: TrialSpec, one: SweepSpec) -> Iterator[str]:
    added = [attack.name for attack in one.attacks if attack not in spec.attacks]
    if added:
        yield f"added to the attacks, as views of the protocol would be read by none: {', '.join(added)}"


def _trained_again(result: Completed, networks: NetworkArchive, on_epoch: "EpochListener | None") -> Retrained:
    """Train a trial again, keep its networks, and compare its numbers with the recorded ones."""
    # Slow to import, and needed by no other export.
    from privsearch.sweep.cohort import Keeping
    from privsearch.sweep.trial import run_trial

    info = describe_dataset(result.spec.dataset)
    if result.spec.trial_id(info.fingerprint) != result.trial_id:
        raise DataError(
            f"{info.name}: must be as it was when trial {result.trial_id} was recorded, and privsearch as well, but "
            "one of them has changed; export without --train and run the sweep file, which trains what it is now"
        )
    require_datasets([result.spec.dataset])
    done = tuple(attack for attack in result.attacks_done if attack.name in {*result.across, *result.refused})
    spec = result.spec.model_copy(update={"attacks": done or result.spec.attacks})
    device = _device(result.environments)
    again = run_trial(spec, on_epoch, keep=Keeping(networks=networks), device=device)
    if isinstance(again, Failed):
        raise StudyError(f"{result.trial_id}: must train again, but it failed ({again.error}: {again.message})")
    if again.networks_unkept:
        raise StudyError(again.networks_unkept)
    was, now = completed_numbers(result), completed_numbers(again)
    return Retrained(
        differing={column: (value, now.get(column)) for column, value in was.items() if value != now.get(column)},
        equal=_are_equal(result, again),
        changes=changes(result.environments[0], present_environment(device)),
    )


def _device(environments: Sequence[str]) -> str:
    """Return the device that the trial was trained on, or the CPU if there is no GPU here."""
    if not was_on_gpu(environments[0]):
        return "cpu"
    from torch import cuda

    return "cuda" if cuda.is_available() else "cpu"


def _are_equal(result: Completed, again: Completed) -> bool:
    """Compare all outcomes, without the specs, whose datasets may have other paths."""
    pairs = list(zip(result.replicates, again.replicates, strict=True))
    without = {"target": None, "shadow": None}
    return (
        all(same_network(old.target, new.target) and same_network(old.shadow, new.shadow) for old, new in pairs)
        and all(old.model_copy(update=without) == new.model_copy(update=without) for old, new in pairs)
        and (result.across, _refused(result)) == (again.across, _refused(again))
    )


def _refused(result: Completed) -> dict[str, str]:
    return {name: why for name, why in result.refused.items() if name not in result.lacked_data}
