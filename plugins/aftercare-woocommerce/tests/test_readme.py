from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_examples_run():
    """What the README shows can be copied."""
    blocks = re.findall(
        r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert 3 == len(blocks)
    shared = {}
    for block in blocks:
        exec(compile(block, str(README), "exec"), shared)  # noqa: S102 - our own text
    assert 2 == shared["shop"].orders[shared["order"]].lines[0].quantity
