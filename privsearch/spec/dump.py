"""Plain values written as YAML, in their order."""

import io
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML


def dump_yaml(fields: Mapping[str, Any]) -> str:
    """Return plain values as YAML, which `privsearch.spec.plain_yaml.parse` reads back."""
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # typed as None in its stub
    yaml.dump(dict(fields), stream)
    return stream.getvalue()
