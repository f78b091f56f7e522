"""The export of one configuration of a study: a sweep file of its own, and its networks."""

from collections.abc import Iterator
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
from privsearch.data import describe_dataset
from privsearch.errors import DataError, SpecError, StudyError, TrialError
from privsearch.spec import Attack, SweepSpec, ThresholdAttack, TrialSpec, dataset_name
from privsearch.spec.columns import Column
from privsearch.spec.datasets import trained_elsewhere
from privsearch.spec.export_formats import ExportFormat
from privsearch.spec.recipe import RECIPE_AXES
from privsearch.study.content import StudyContent
from privsearch.study.environment import changes
from privsearch.study.folder import StudyFolder
from privsearch.study.kept import KeptFiles
from privsearch.study.network_archive import (
    KeptNetworks,
    NetworkArchive,
    load_networks,
    pack_networks,
    unpack_networks,
)
from privsearch.study.result import Completed
from privsearch.sweep.standalone.graph import checked_format
from privsearch.sweep.standalone.source import PROGRAM, Source, check_folder
from privsearch.sweep.trained_again import Retrained, device_of, train_again

if TYPE_CHECKING:
    from privsearch.models.training import EpochListener
    from privsearch.sweep.standalone.folder import Standalone

_CONFIGURATION: Final = "configuration"
_ALWAYS: Final = ("model", "weight_bit_width", "act_bit_width")
"""The axes that the grid always names, even at their defaults."""


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
        standalone: the folder that runs without privsearch; None if none was asked for, or none can be written.
    """

    trial_id: str
    sweep_file: Path
    networks_file: Path | None
    num_networks: int
    retrained: Retrained | None = None
    notes: tuple[str, ...] = ()
    standalone: "Standalone | None" = None

    def __repr__(self) -> str:
        networks = f", {self.num_networks} networks in {str(self.networks_file)!r}" if self.networks_file else ""
        alone = f", runs alone in {str(self.standalone.folder)!r}" if self.standalone else ""
        return f"Exported(trial {self.trial_id}: {str(self.sweep_file)!r}{networks}{alone})"

    def _repr_html_(self) -> str:
        return html_text("\n".join([repr(self), *self.notes, *([self.code] if self.code else [])]))

    @property
    def code(self) -> str | None:
        """The lines of Python that load the first network; None if there is no network."""
        if self.networks_file is None:
            return None
        return f"import privsearch\nnetwork = privsearch.load_network({str(self.networks_file)!r}, index=0)"


def export(  # noqa: PLR0913  # the options of the command
    study: StudyFolder,
    trial: str,
    to: Path | None = None,
    *,
    within: Within = EVERYWHERE,
    train: bool = False,
    retrain: bool = False,
    graph: ExportFormat | None = None,
    on_epoch: "EpochListener | None" = None,
) -> Exported:
    """Write `<trial_id>.yaml`, a sweep file of one configuration, and `<trial_id>.pt`, its networks if there are any.

    A folder that is named also gets what runs there without privsearch (`privsearch.sweep.standalone`).

    Args:
        study: the study.
        trial: the id of a completed trial, the beginning of one, or the name of a configuration.
        to: the directory to write to, created if missing; by default `exports` in the study, without what runs alone,
            or to retrain a folder in it.
        within: the dataset and the protocol to look in.
        train: train the configuration again if its networks were not kept. The same spec, seed, versions and kind of
            machine give the same networks.
        retrain: train one network on all data, and write that one in the place of the trial's own.
        graph: the format of a graph to write beside the program.
        on_epoch: the listener called after each epoch of either training.

    Raises:
        StudyError: there is no such trial, its networks are damaged, a file cannot be written, the folder is another
            one's, or the training failed.
        DataError: the trial is to be trained, but its dataset cannot be read or has changed.
        SpecError: it is to be trained in two ways, or there is no such graph of its networks.
    """
    if retrain and train:
        raise SpecError(
            "--train trains the networks that were attacked once more, --retrain one network on all data in their "
            "place: give one of the two"
        )
    content = study.load()
    sweep = content.sweep
    result = find_completed(trial, content.results, within=within)
    result = result.model_copy(update={"spec": _with_present_dataset(result.spec, sweep)})
    if trained_elsewhere([result.spec.dataset]):
        raise StudyError(
            f"{result.trial_id}: an exported trial must be one that can be trained again, but its networks were "
            "trained elsewhere and their outputs alone are here; take them from where they are"
        )
    source = Source(content, result, checked_format(graph, result.spec))
    runs_alone = retrain or graph is not None or to is not None
    to = to or (study.outputs.exports / result.trial_id if runs_alone else study.outputs.exports)
    _make_folder(to, result.trial_id if runs_alone else None)
    one = one_trial_sweep(result.spec, sweep, result.trial_id)
    sweep_file = to / f"{result.trial_id}.yaml"
    heading = "".join(f"# {line}\n" for line in _heading(study, result))
    replace_file(sweep_file, heading + one.to_yaml(brief=True))
    notes = [*_identity_notes(result), *_attack_notes(result.spec, one)]
    path, retrained = to.absolute() / f"{result.trial_id}.pt", None
    kept = None if retrain else _copied(content, result, path)
    if kept and (differs := changes(result.environments[0], kept.environment)):
        notes.append(f"the networks are of another training than the numbers recorded: {differs}")
    if not kept and train:
        retrained = train_again(result, NetworkArchive(path.parent), on_epoch)
        kept = load_networks(path)
    count, standalone = len(kept.networks) if kept else 0, None
    if runs_alone and (kept or retrain):
        standalone = _standalone(to, source, kept, notes, on_epoch)
    found = path if kept else None
    return Exported(result.trial_id, sweep_file, found, count, retrained, tuple(notes), standalone)


def _make_folder(to: Path, trial_id: str | None) -> None:
    """Make the folder of an export; one that is to run alone must be that trial's."""
    if trial_id is not None:
        check_folder(to, trial_id)
    with writing(to):
        to.mkdir(parents=True, exist_ok=True)


def _standalone(
    folder: Path, source: Source, kept: KeptNetworks | None, notes: list[str], on_epoch: "EpochListener | None"
) -> "Standalone | None":
    """Write what runs without privsearch, or note why that cannot be.

    Args:
        folder: the folder.
        source: the trial.
        kept: its networks; None to train one on all data.
        notes: the remarks, to which one may be added.
        on_epoch: told of each epoch of such a training.

    Raises:
        DataError: a network is to be trained, but that cannot be.
        StudyError: the training failed.
    """
    from privsearch.sweep.standalone.folder import write_kept, write_retrained

    if obstacle := source.obstacle():
        if kept is None:
            raise DataError(
                f"{source.result.trial_id}: --retrain needs a network that can run on its own, but {obstacle}; export "
                "without it for the sweep file"
            )
        notes.append(f"no {PROGRAM}, as {obstacle}")
        return None
    if kept is None:
        try:
            return write_retrained(folder, source, on_epoch, device_of(source.result.environments))
        except TrialError as error:
            raise StudyError(f"{source.result.trial_id}: must train on all data, but: {error}") from None
    return write_kept(folder, source, kept)


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
