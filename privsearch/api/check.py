"""The examination of a study, part by part, and the repair of what is damaged."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import pandas as pd

from privsearch._util.lines import DamagedLine, set_lines_aside
from privsearch.analysis.tasks import Task, tasks
from privsearch.errors import PrivsearchError, StudyError
from privsearch.report.optuna_index import indexed_trials
from privsearch.report.outputs import TABLES, write_outputs
from privsearch.report.unchanged import TABLES_MEMORY
from privsearch.report.wording.blind import blind_warnings
from privsearch.study import lock
from privsearch.study.content import StudyContent
from privsearch.study.findings import Finding, State
from privsearch.study.folder import StudyFolder
from privsearch.study.kept import KeptFiles
from privsearch.study.proposals import ProposalLog
from privsearch.study.record import Record, read_record
from privsearch.study.result import Completed, TrialResult
from privsearch.study.trial_files import TrialFiles

_ASIDE = "--repair moves it aside"
_REMOVED = "--repair removes it"
_UNFINISHED = "unfinished, as a killed process leaves it"
_AGAIN = "run the sweep again"
_USES = {
    "signals": "a sweep that asks for these trials will use them",
    "networks": "privsearch export gives them once their trials are recorded",
}
_LACKS = {
    "signals": "an attack to come trains these again",
    "networks": "privsearch export --train trains one of them again",
}


def examine_study(study: StudyFolder) -> list[Finding]:
    """Look at every part of a study; nothing is changed.

    Raises:
        StudyError: the record, or the place where the signals are, cannot be read at all.
    """
    return _Examination(study).findings


def repair_study(study: StudyFolder) -> Iterator[str]:
    """Move what is damaged aside, remove what is unfinished, make the rest again; what is sound keeps its bytes.

    In a storage outside of the study nothing is removed; what is damaged is moved aside there too.

    Yields:
        What was done, in words; nothing where there is nothing to repair.

    Raises:
        StudyError: another process holds the study, or it cannot be read or written.
    """
    with study.locked():
        seen = _Examination(study)
        if any(finding.state is State.REPAIR for finding in seen.findings):
            yield from _tidied(seen)
            if seen.asked:
                yield from _made_again(seen)


def _tidied(seen: "_Examination") -> Iterator[str]:
    study = seen.study
    torn = ((study.environments_path, seen.torn_environments), (study.proposals_path, seen.proposals.damaged))
    for path, damaged in (*torn, (study.record_path, seen.to_move)):
        if damaged:
            lines = ", ".join(str(line.number) for line in damaged)
            yield f"{path.name}, line {lines}: moved to {set_lines_aside(path, damaged)}"
    for name in study.remove_leftovers():
        yield f"{name}: unfinished, removed"


def _made_again(seen: "_Examination") -> Iterator[str]:
    for what, files in seen.kept.items():
        for trial_id in seen.damaged[what]:
            yield f"{what} of {trial_id}: moved to {files.set_aside(trial_id)}"
        # A stranger's study may name any place as its storage: nothing is removed there.
        for name in () if seen.content.sweep.storage else files.remove_leftovers():
            yield f"{what}, {name}: unfinished, removed"
    yield from _without_idle_checkpoints(seen)
    if seen.stale:
        (seen.study.path / TABLES_MEMORY).unlink(missing_ok=True)  # a disk may have changed them without a trace
        write_outputs(seen.study)
        yield f"{', '.join(seen.stale)}: made again from the record"


def _without_idle_checkpoints(seen: "_Examination") -> Iterator[str]:
    files = seen.content.checkpoints
    for network_id in seen.idle_checkpoints:
        files.remove(network_id)
        yield f"checkpoint of {network_id}: removed"
    for name in () if seen.content.sweep.storage else files.remove_leftovers():
        yield f"checkpoints, {name}: unfinished, removed"


class _Examination:
    """An examination of a study as it is now; every part is read once, when it is first needed."""

    def __init__(self, study: StudyFolder) -> None:
        self.study = study
        self._holder = lock.holder(study.path)

    @cached_property
    def findings(self) -> list[Finding]:
        looks = [self._held(), self._sweep(), self._environments(), self._proposals(), self._lines(), self._leftovers()]
        if self.asked:
            looks += [self._trials(), self._files("signals"), self._files("networks"), self._checkpoints()]
            looks += [self._outputs(), self._splits()]
        return [finding for look in looks for finding in look]

    @cached_property
    def asked(self) -> bool:
        """True if sweep.yaml and plan.json can be read; without them, nothing can be made from the record."""
        return all(finding.state is State.SOUND for finding in self._sweep())

    @cached_property
    def record(self) -> Record:
        return read_record(self.study.record_path)

    @cached_property
    def proposals(self) -> ProposalLog:
        return self.study.proposals()

    @cached_property
    def content(self) -> StudyContent:
        """The content of the study; needs `asked`."""
        study = self.study
        return StudyContent(study.path, study.sweep(), study.plan(), self.record, self.proposals)

    @property
    def results(self) -> Sequence[TrialResult]:
        return self.content.results

    @cached_property
    def kept(self) -> dict[str, TrialFiles]:
        """The signals and the networks that are kept, by name."""
        return {"signals": self.content.signals, "networks": self.content.networks}

    @cached_property
    def damaged(self) -> dict[str, dict[str, str]]:
        return {what: files.damaged() for what, files in self.kept.items()}

    @cached_property
    def idle_checkpoints(self) -> dict[str, str]:
        """The reason why a checkpoint is of no use, by its network's id; none where they are not in the study."""
        if self.content.sweep.storage:
            return {}
        files, results = self.content.checkpoints, self.results
        is_done = len(results) == len(self.content.trials) and all(isinstance(r, Completed) for r in results)
        left = dict.fromkeys(sorted(files.network_ids()), "left behind: all trials are completed") if is_done else {}
        return left | files.damaged()

    @cached_property
    def torn_environments(self) -> Sequence[DamagedLine]:
        return self.study.environments().damaged

    @cached_property
    def stale(self) -> list[str]:
        """The names of the outputs that differ from what the record gives; none while there is no result."""
        if not self.results:
            return []
        stale = [f"{name}.csv" for name, table in TABLES.items() if self._differs(name, table(self.results))]
        try:
            indexed = indexed_trials(self.study.outputs.index)
        except StudyError:
            indexed = set()
        if indexed != {result.trial_id for result in self.results}:
            stale.append(self.study.outputs.index.name)
        drawn = (path for task in self._tasks() for path in self.study.outputs.drawings_of(task.name))
        return stale if all(path.is_file() for path in drawn) else [*stale, self.study.outputs.fronts.name]

    @property
    def to_move(self) -> tuple[DamagedLine, ...]:
        """The damaged lines of the record; none if another version has written all of it."""
        return () if self.record.foreign else self.record.damaged

    def _held(self) -> Iterator[Finding]:
        if self._holder:
            yield Finding("lock", State.NOTE, self._holder, "if it still runs, wait for it: it may be writing")

    def _sweep(self) -> Iterator[Finding]:
        try:
            self.study.sweep()
        except PrivsearchError as error:
            yield Finding("sweep.yaml", State.REPAIR, str(error), "put the sweep's file in its place")
        try:
            trials = self.study.plan().trials_with(self.proposals)
            yield Finding("plan.json", State.SOUND, f"{len(trials)} trials asked for")
        except PrivsearchError as error:
            yield Finding("plan.json", State.REPAIR, str(error), _AGAIN)

    def _environments(self) -> Iterator[Finding]:
        name = self.study.environments_path.name
        for line in self.torn_environments:
            yield Finding(f"{name}, line {line.number}", State.REPAIR, line.reason, _ASIDE)

    def _proposals(self) -> Iterator[Finding]:
        name = self.study.proposals_path.name
        for line in self.proposals.damaged:
            yield Finding(f"{name}, line {line.number}", State.REPAIR, line.reason, f"{_ASIDE}, then {_AGAIN}")
        if self.proposals.proposals:
            yield Finding(name, State.SOUND, f"{len(self.proposals.proposals)} proposals")

    def _lines(self) -> Iterator[Finding]:
        name, record = self.study.record_path.name, self.record
        remedy = "use the version that wrote it (environments.jsonl)" if record.foreign else f"{_ASIDE}, then {_AGAIN}"
        for damaged in record.damaged:
            yield Finding(f"{name}, line {damaged.number}", State.REPAIR, damaged.reason, remedy)
        for repeated in record.repeated:
            if not repeated.agrees:
                text = f"{repeated.trial_id} again, but not with the numbers of the line before"
                remedy = "the later ones count; environments.jsonl says what may differ"
                yield Finding(f"{name}, line {repeated.number}", State.NOTE, text, remedy)
        agreeing = sum(repeated.agrees for repeated in record.repeated)
        text = f"{len(record.results)} trials" + (
            f"; {agreeing} further lines repeat a trial or add attacks to it" if agreeing else ""
        )
        if not record.foreign:
            yield Finding(name, State.SOUND, text)

    def _leftovers(self) -> Iterator[Finding]:
        for path in self.study.leftovers():
            yield Finding(path.name, State.REPAIR, _UNFINISHED, _REMOVED)

    def _trials(self) -> Iterator[Finding]:
        failed = sum(not isinstance(result, Completed) for result in self.results)
        missing = len(self.content.trials) - len(self.results)
        for count, what in ((missing, "not recorded yet"), (failed, "failed")):
            if count:
                yield Finding("trials", State.NOTE, f"{what}: {count} of {len(self.content.trials)}", _AGAIN)

    def _files(self, what: str) -> Iterator[Finding]:
        for trial_id, reason in self.damaged[what].items():
            yield Finding(f"{what} of {trial_id}", State.REPAIR, reason, _ASIDE)
        # Elsewhere they may be another study's.
        for name in () if self.content.sweep.storage else self.kept[what].leftovers():
            yield Finding(f"{what}, {name}", State.REPAIR, _UNFINISHED, _REMOVED)
        kept = KeptFiles(frozenset(self.kept[what].trial_ids()), self.record.results)
        completed = [result for result in self.record.results.values() if isinstance(result, Completed)]
        orphans = kept.names - self.record.results.keys() - {n for result in completed for n in result.networks}
        if orphans:
            text = f"files without a recorded trial: {len(orphans)}, such as {min(orphans)}"
            yield Finding(what, State.NOTE, text, _USES[what])
        asked = [result for result in self.results if isinstance(result, Completed)]
        lost = {result.trial_id for result in asked if not kept.has(result.trial_id, result.networks)}
        if lost and getattr(self.content.sweep, f"keep_{what}"):
            text = f"completed trials without {what}: {len(lost)}, such as {min(lost)}"
            yield Finding(what, State.NOTE, text, _LACKS[what])
        if not self.damaged[what] and (kept.names or what == "signals"):
            yield Finding(what, State.SOUND, f"{len(kept.names)} files")

    def _checkpoints(self) -> Iterator[Finding]:
        files = self.content.checkpoints
        for network_id, reason in self.idle_checkpoints.items():
            yield Finding(f"checkpoint of {network_id}", State.REPAIR, reason, _REMOVED)
        for name in () if self.content.sweep.storage else files.leftovers():
            yield Finding(f"checkpoints, {name}", State.REPAIR, _UNFINISHED, _REMOVED)
        if waiting := files.network_ids() - self.idle_checkpoints.keys():
            text = f"networks in the middle of their training: {len(waiting)}"
            yield Finding("checkpoints", State.NOTE, text, "a sweep that asks for them goes on from there")

    def _splits(self) -> Iterator[Finding]:
        for warning in blind_warnings(self.results):
            yield Finding("test split", State.NOTE, warning)

    def _outputs(self) -> Iterator[Finding]:
        for name in self.stale:
            yield Finding(name, State.REPAIR, "missing, damaged, or older than the record", "--repair makes it again")
        if not self.stale:
            yield Finding("tables, index, fronts", State.SOUND, "as the record has it")

    def _tasks(self) -> Iterator[Task]:
        """Yield the tasks that have a front: the disk may have been full before the last of them was drawn."""
        content = self.content
        return (task for task in tasks(self.results, content.sweep, content.rounds) if not task.candidates.empty)

    def _differs(self, name: str, table: pd.DataFrame) -> bool:
        try:
            return self.study.outputs.table(name).read_text(encoding="utf-8") != table.to_csv(index=False)
        except (OSError, ValueError):
            return True
