"""A trial as it is read from a record, which an earlier privsearch may have written."""

from typing import Annotated, Any

from pydantic import BeforeValidator

from privsearch.spec.axes import FIRST_SPIKING, FIRST_STATE, STATE_DEFAULTS
from privsearch.spec.protocols import DEFAULT_KIND, PROTOCOLS
from privsearch.spec.trial import TrialSpec


def _as_first_recorded(fields: Any) -> Any:
    """Add to the fields of a trial what it was when it was recorded, before there were such axes or such a field."""
    if not isinstance(fields, dict):
        return fields
    protocol = fields.get("protocol", {})
    kind = protocol.get("kind", DEFAULT_KIND) if isinstance(protocol, dict) else None
    if kind in PROTOCOLS:
        fields = {**fields, "protocol": {**PROTOCOLS[kind].first_values, **protocol}}
    if fields.get("model") == "snn":
        fields = {**FIRST_SPIKING, **fields}
    is_earlier = not STATE_DEFAULTS.keys() & fields.keys()
    if is_earlier and fields.get("model") == "snn" and fields.get("act_bit_width") is not None:
        return {**fields, **FIRST_STATE}
    return fields


RecordedSpec = Annotated[TrialSpec, BeforeValidator(_as_first_recorded)]
"""A trial as it is read from a record, which an earlier privsearch may have written."""
