"""Where trials run: in this process (`inline`), or on Ray's workers (`tune`). Results must not depend on which."""

from privsearch.runners.base import Observer, Runner
from privsearch.runners.jobs import AttackOnly, Job, TrainAndAttack

__all__ = ["AttackOnly", "Job", "Observer", "Runner", "TrainAndAttack"]
