"""The configuration that all parts of a specification share.

Every field's description completes the sentence 'must be ...' in an error message.
"""

from typing import Final

from pydantic import ConfigDict

STRICT: Final = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
"""The configuration of frozen classes that take no value of another type, no unknown field and no NaN."""
