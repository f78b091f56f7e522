"""Where trials run: in this process (`inline`), or on Ray's workers (`tune`). Results must not depend on which."""

from privsearch.sweep.runners.base import Listed, Observer, Runner, Source
from privsearch.sweep.runners.jobs import AttackOnly, Job, TrainAndAttack

__all__ = ["AttackOnly", "Job", "Listed", "Observer", "Runner", "Source", "TrainAndAttack"]
