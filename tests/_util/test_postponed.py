import subprocess
import sys


def test_a_postponed_module_is_loaded_when_it_is_used() -> None:
    """Not with all that is in its package. What is loaded already, or is nowhere, is left alone."""
    script = """
import sys
import json
from privsearch._util.postponed import postpone

here = sys.modules["json"]
postpone("json")
assert sys.modules["json"] is here
postpone("no_such_module")
assert "no_such_module" not in sys.modules
import xml.dom
postpone("xml.dom.minidom")
from xml.dom import *
assert type(minidom) is not type(sys)
assert minidom.parseString("<a/>").documentElement.tagName == "a"
assert type(minidom) is type(sys)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
