import hashlib
from pathlib import Path

from privsearch.models.kernels import compiled, leaky, pooling


def test_kept_kernels_are_those_of_the_present_compiled() -> None:
    """Numba looks at the files of the kernels alone, so these name the version of what they are compiled with."""
    present = hashlib.sha256(Path(compiled.__file__).read_bytes()).hexdigest()[:16]
    told = "compiled.py has changed: write the new beginning of its SHA-256 into the kernels' files"
    assert [present] * 2 == [leaky.COMPILED, pooling.COMPILED], told
