"""The wheel: what is in it, and that it works where there is no checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.slow

ROOT: Final = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by way of the source archive, as what is published is."""
    if not shutil.which("uv"):
        pytest.skip("needs uv")
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(["uv", "build", "-q", "-o", folder, ROOT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_holds_all_that_runs_and_no_more(wheel: Path) -> None:
    """Every file of the package that is kept, the sweeps, and nothing else: no test, no study, no benchmark."""
    kept = subprocess.run(["git", "-C", ROOT, "ls-files", "privsearch"], capture_output=True, text=True, check=True)
    expected = {name for name in kept.stdout.split() if (ROOT / name).is_file()}
    expected |= {f"privsearch/spec/examples/{path.name}" for path in (ROOT / "sweeps").glob("*.yaml")}
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in held if not name.startswith("privsearch-")} == expected
    assert {"privsearch/py.typed", "privsearch/report/vendor/plotly-basic.min.js"} <= held


def test_it_works_in_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    """Unpacked, without a checkout: it knows its version, writes its sweeps and plans one by its name."""
    site, here = tmp_path / "site", tmp_path / "here"
    here.mkdir()
    zipfile.ZipFile(wheel).extractall(site)
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def privsearch(*words: str) -> str:
        command = [sys.executable, "-m", "privsearch", *words]
        return subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=True).stdout

    assert privsearch("--version") == f"privsearch {wheel.name.split('-')[1]}\n"
    assert privsearch("init").count("written: ") == len(list((ROOT / "sweeps").glob("*.yaml"))) + 1
    assert '"trials": 72' in privsearch("plan", "quickstart", "--json", "--no-probe")
    where = [sys.executable, "-c", "import privsearch; print(privsearch.__file__)"]
    found = subprocess.run(where, cwd=here, env=environment, capture_output=True, text=True, check=True).stdout
    assert found.startswith(str(site))
