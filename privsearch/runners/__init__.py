"""Where trials run: in this process (`inline`), or on Ray's workers (`tune`). Results must not depend on which."""

from privsearch.runners.base import Observer, Runner

__all__ = ["Observer", "Runner"]
