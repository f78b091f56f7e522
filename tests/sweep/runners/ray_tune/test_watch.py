import queue
import shutil
import subprocess
from pathlib import Path

import pytest

from privsearch.sweep.runners.ray_tune.watch import watch


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("raylet", ["600"], "its raylet was ended by SIGKILL, as the system does where memory runs out"),
        ("gcs_server", ["600"], "its gcs_server was ended by SIGKILL, as the system does where memory runs out"),
        ("raylet", ["no number"], "its raylet ended with exit code 1"),
    ],
)
def test_the_end_of_a_process_of_ray_s_is_told_at_once(
    name: str, arguments: list[str], told: str, tmp_path: Path
) -> None:
    """Which one and how; other processes may end as they like."""
    sleep = shutil.which("sleep")
    assert sleep
    (tmp_path / name).symlink_to(sleep)
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    other = subprocess.Popen(["true"])
    watched = subprocess.Popen([tmp_path / name, *arguments], stderr=subprocess.DEVNULL)
    watch(heard.put)
    if arguments == ["600"]:
        with pytest.raises(queue.Empty):
            heard.get(timeout=0.5)
        watched.kill()
    assert heard.get(timeout=20) == told
    for process in (other, watched):
        process.wait()
