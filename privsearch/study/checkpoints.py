"""The checkpoints of a study: the states of networks in the middle of their training, gone when these are done."""

from contextlib import suppress
from dataclasses import dataclass

from privsearch._util.npz import MAX_BYTES, NpzError, check_stored
from privsearch.errors import StudyError
from privsearch.study.trial_files import TrialFiles


@dataclass(frozen=True)
class CheckpointArchive(TrialFiles):
    """A folder with one torch file for each network that is being trained, `<network_id>.pt`.

    Only `privsearch.models.checkpoint` knows what is in a file.
    """

    ending = ".pt"

    def network_ids(self) -> set[str]:
        """Return the ids of the networks that have a checkpoint, readable or not.

        Raises:
            StudyError: the folder cannot be reached.
        """
        return self.trial_ids()

    def load(self, network_id: str) -> bytes | None:
        """Return the checkpoint of a network; None if there is none.

        Raises:
            StudyError: the folder cannot be reached.
        """
        return self.files.read(f"{network_id}{self.ending}")

    def save(self, network_id: str, content: bytes) -> None:
        """Write a checkpoint in the place of the network's last one; a reader sees one of them, whole.

        Raises:
            StudyError: the folder cannot be reached or written, or the checkpoint is larger than what is read back.
        """
        if len(content) > MAX_BYTES:
            raise StudyError(
                f"a checkpoint must have at most {MAX_BYTES:,} bytes, so that it can be read back, but that of "
                f"{network_id} has {len(content):,}; do without (checkpoint_minutes: null), or train smaller networks"
            )
        self.files.write(f"{network_id}{self.ending}", content)

    def remove(self, network_id: str) -> None:
        """Remove the checkpoint of a network, if there is one and the right to; `check` finds what stays."""
        with suppress(StudyError):
            self.files.remove(f"{network_id}{self.ending}")

    def damage_in(self, content: bytes) -> str | None:
        """Return a sentence on the damage in the content of a file; None if there is none."""
        try:
            check_stored(content)
        except NpzError as error:
            return str(error)
        return None
