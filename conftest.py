"""What every test folder shares: the SDK's tests, those of the plugins, and the code blocks of the docs.

It stands at the root because pytest looks for a conftest only in the folders above a test.
"""

from __future__ import annotations

from tests.support.docs import code_blocks

pytest_plugins = (
    "tests.support.loopback",
    "tests.support.databases",
    "tests.support.statements",
    "tests.support.hurry",
    "tests.support.garbage",
)

pytest_collect_file = code_blocks().pytest()
