"""What every part of a specification has in common.

Every field's description completes the sentence 'must be ...' in an error message.
"""

from typing import Final

from pydantic import ConfigDict

STRICT: Final = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
"""Every specification is frozen, takes no value of another type, and knows no field but its own."""
