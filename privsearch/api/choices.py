"""The words that arguments of calls and options of commands are chosen from; it imports nothing, so that both may."""

from typing import Literal

RunnerName = Literal["tune", "inline"]
"""Where trials run: by Ray Tune's workers, or in this process."""

Reuse = Literal["all", "same-versions"]
"""Which recorded trials a sweep does not run again: all, or those of the present versions."""
