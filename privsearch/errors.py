"""Every error that privsearch raises on purpose.

PrivsearchError          what a user can mend; the command line prints it without a traceback, exit code 2
|-- SpecError            a sweep file, or a value given with --set, breaks a rule
|-- DataError            a dataset is missing, unreadable or unfit
|-- StudyError           a study directory is missing, held by another sweep, not a study, or cannot be read or written
|-- PortError            the page of a study cannot be served where it was to be served
|-- ClusterError         trials cannot be run where they were to be run
|   `-- ClusterLostError a Ray ended while trials were running on it
`-- MetricError          a metric was asked of data that cannot carry it
TrialError               one trial cannot give a number; recorded as failed, never shown as a crash
|-- DivergedError        a training ended in losses, weights or outputs that mean nothing
`-- ConstructionError    a built network is not the one that was asked for
"""


class PrivsearchError(Exception):
    """A mistake that the user can mend: the message says what must hold, what was given, where, and what to do.

    Args:
        message: one sentence, or one line a mistake.
        where: the way to the field of the sweep that is to blame, such as `("datasets", 1)`; empty where none is, or
            where the message names it already.
    """

    def __init__(self, message: str, where: tuple[int | str, ...] = ()) -> None:
        super().__init__(message)
        self.where = where


class SpecError(PrivsearchError):
    """A sweep file, or a value given with --set, breaks a rule."""


class DataError(PrivsearchError):
    """A dataset is missing, unreadable, or unfit for classification."""


class StudyError(PrivsearchError):
    """A study directory is missing, held by another sweep, is not a study, or cannot be read or written."""


class PortError(PrivsearchError):
    """The page of a study cannot be served where it was to be served."""


class ClusterError(PrivsearchError):
    """Trials cannot be run where they were to be run: a Ray cluster is not there, or is gone."""


class ClusterLostError(ClusterError):
    """Ray has ended while trials were running on it.

    Attributes:
        why: as far as can be told.
    """

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Ray must run until all trials are done, but it ended: {why}; what had finished is kept, run the same "
            "command to go on"
        )
        self.why = why


class MetricError(PrivsearchError):
    """A metric was asked of data that cannot carry it, such as one class only."""


class TrialError(Exception):
    """One trial cannot give a number; it is recorded as failed and the sweep goes on."""


class DivergedError(TrialError):
    """A loss, a weight or an output is not finite, or the loss is beyond all bounds."""


class ConstructionError(TrialError):
    """A built network does not have the levels or the range that were asked for."""
