import re
from importlib.resources import files

import pytest
from plotly.offline import get_plotlyjs_version

from privsearch.report.vendored import DATA_TABLES, PLOTLY, vendored


def test_plotly_is_of_the_version_that_the_python_package_has() -> None:
    """Figures that the Python package makes are drawn by the plotly.js that it was made for."""
    found = re.search(r"plotly\.js \(basic - minified\) v([\d.]+)", vendored(PLOTLY)[:500])
    assert found is not None
    assert found[1] == get_plotlyjs_version()


@pytest.mark.parametrize("name", [PLOTLY, DATA_TABLES])
def test_a_script_of_others_has_its_licence_and_ends_no_element(name: str) -> None:
    """The README names file, version and licence, the licence lies beside it, and no text of it would end a script."""
    folder = files("privsearch.report").joinpath("vendor")
    (line,) = [line for line in folder.joinpath("README.md").read_text().splitlines() if line.startswith(f"| `{name}`")]
    _, _, _, version, licence, *_ = line.split("|")
    assert version.strip() in vendored(name)[:500]
    (file,) = re.findall(r"`(.+)`", licence)
    assert "Permission is hereby granted, free of charge" in folder.joinpath(file).read_text()
    assert "</script" not in vendored(name).lower()
