from __future__ import annotations

import json
import subprocess
import sys

HEAVY = ["alembic", "babel", "liquid", "requests", "rich", "sqlalchemy", "typer"]
SCRIPT = """
import json, sys
import aftercare_sdk, aftercare_sdk.events, aftercare_sdk.actions
print(json.dumps([*sys.modules]))
"""


def test_the_names_for_authors_are_quick_to_import():
    """A plugin that a test or a small tool imports brings no database, network or template engine."""
    # -I keeps the current folder and the environment out, but not what is installed.
    done = subprocess.run([sys.executable, "-I", "-c", SCRIPT], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "aftercare_sdk" in loaded
    assert [] == [name for name in HEAVY if name in loaded]
