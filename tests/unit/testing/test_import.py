from __future__ import annotations

import subprocess
import sys

import pytest

import aftercare_sdk.testing

REST = """
import sys
import aftercare_sdk, aftercare_sdk.engine.app, aftercare_sdk.cli.app, aftercare_sdk.web.app
print("aftercare_sdk.testing" in sys.modules, "pytest" in sys.modules)
"""


def run(script):
    """Run a script in an interpreter of its own."""
    return subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=False)


def test_the_public_names_are_these():
    """What authors import is a promise."""
    names = ["AdapterContract", "Asked", "Platform", "ProgramContract", "Reply", "Trouble"]
    assert names == aftercare_sdk.testing.__all__


@pytest.mark.parametrize("name", ["pytest", "responses", "hypothesis"])
def test_what_is_missing_is_named_with_the_cure(name):
    """Whoever installed the SDK without the extra reads which one to install."""
    done = run(f"import sys\nsys.modules[{name!r}] = None\nimport aftercare_sdk.testing")
    last = done.stderr.strip().splitlines()[-1]
    expected = (
        f"ModuleNotFoundError: aftercare_sdk.testing needs {name}, which is not installed here: "
        'pip install "aftercare-sdk[testing]"'
    )
    assert expected == last


def test_nothing_else_needs_it():
    """A shop runs without pytest."""
    assert "False False" == run(REST).stdout.strip()
