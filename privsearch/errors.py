"""Every error that privsearch raises on purpose.

PrivsearchError          a user can mend it; the command line prints it without a traceback, exit code 2
|-- SpecError            a sweep file, or a value given with --set, breaks a rule
|-- DataError            a dataset is missing, unreadable or unfit
|-- StudyError           a study directory is missing, held by another sweep, not a study, or cannot be read or written
|   `-- StudyLostError   a study directory was moved, or its lock was lost, while this process wrote to it
|-- PortError            the page of a study cannot be served at its address
|-- ClusterError         trials cannot be run: Ray does not start, cannot be reached, or is gone
|   `-- ClusterLostError a Ray ended while trials were running on it
`-- MetricError          a metric cannot be computed from the data
TrialError               one trial cannot give a number; recorded as failed, never shown as a crash
|-- DivergedError        a training ended in losses, weights or outputs without meaning
`-- ConstructionError    a built network is not the one that its configuration describes
"""


class PrivsearchError(Exception):
    """A mistake that the user can mend: the message says what must hold, what was given, where, and what to do.

    Args:
        message: one sentence, or one line for each mistake.
        where: the path of the field of the sweep that is to blame, such as `("datasets", 1)`; empty if no field is, or
            if the message names the field.
    """

    def __init__(self, message: str, where: tuple[int | str, ...] = ()) -> None:
        super().__init__(message)
        self.where = where


class SpecError(PrivsearchError):
    """The error of a sweep file, or of a value given with --set, that breaks a rule."""


class DataError(PrivsearchError):
    """The error of a dataset that is missing, unreadable, or unfit for classification."""


class StudyError(PrivsearchError):
    """The error of a study directory that is missing, held by another sweep, no study, or not readable or writable."""


class StudyLostError(StudyError):
    """The error of a study directory that was moved, or whose lock was lost, while this process wrote to it."""


class PortError(PrivsearchError):
    """The error of a study's page that cannot be served at its address."""


class ClusterError(PrivsearchError):
    """The error of a Ray that does not start, cannot be reached, or is gone, so that trials cannot be run."""


class ClusterLostError(ClusterError):
    """The error of a Ray cluster that ended while trials were running on it.

    Attributes:
        why: the cause, as far as it is known.
    """

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Ray must run until all trials are done, but it ended: {why}; what had finished is kept, run the same "
            "command to go on"
        )
        self.why = why

    def __reduce__(self) -> tuple[type["ClusterLostError"], tuple[str]]:
        """Return what this error is made of: it is sent from one process to another."""
        return type(self), (self.why,)


class MetricError(PrivsearchError):
    """The error of a metric that cannot be computed from the data, such as data of one class."""


class TrialError(Exception):
    """The error of a trial that cannot give a number; the trial is recorded as failed and the sweep goes on."""


class DivergedError(TrialError):
    """The error of a training with a loss, weight or output that is not finite, or a loss beyond all bounds."""


class ConstructionError(TrialError):
    """The error of a built network without the levels or the range of its configuration."""
