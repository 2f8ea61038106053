from __future__ import annotations

import types

import pytest

from aftercare_sdk.plugins.blame import Fault, fault, package_of

SITE = "/srv/venv/lib/python3.11/site-packages"


def module(name, file, source):
    """Make a module as if it were installed somewhere."""
    made = types.ModuleType(name)
    exec(compile(source, f"{SITE}/{file}", "exec"), made.__dict__)  # noqa: S102 - the quickest way to one
    return made


POT = module("tea.brewing.pot", "tea/brewing/pot.py", "import json\n\ndef pour():\n    json.loads('{')\n")
TEA = module("tea", "tea/__init__.py", "def serve(pour):\n    pour()\n")


def told(function, package):
    """Return how the error of a function is told, if the plugin is `package`."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any error will do
        # As the SDK calls it, so that what lies outside of the plugin is left out.
        module("aftercare_sdk.plugins.calling", "call.py", "def call(function):\n    function()\n").call(
            function
        )
    return fault(caught.value, package)


def test_the_innermost_line_of_the_plugin_is_named():
    """Not the line of the library that it called, and not the folder that it is installed in."""
    assert "tea/brewing/pot.py:4" == told(lambda: TEA.serve(POT.pour), "tea").where


def test_a_package_s_own_file_is_named_in_full():
    """Every package has an `__init__.py`, so its folder belongs to the name."""
    assert "tea/__init__.py:2" == told(lambda: TEA.serve(None), "tea").where


def test_nobody_is_blamed_for_a_line_that_is_not_theirs():
    """Where no code of the plugin was reached, no place is named."""
    assert "" == told(POT.pour, "coffee").where


def test_an_error_is_told_in_one_sentence():
    """Type, place and message, as far as there are any."""
    assert "KeyError in tea/pot.py:4: 'x'" == str(
        Fault(error="KeyError", where="tea/pot.py:4", message="'x'")
    )
    assert "KeyError" == str(Fault(error="KeyError"))


def test_the_package_of_a_function_is_its_first_name():
    """Things without a module belong to nobody."""
    assert "tea" == package_of(POT.pour)
    assert "" == package_of(object.__new__)
