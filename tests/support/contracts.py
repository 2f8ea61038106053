"""A contract's tests run against spoilt classes, in a session of pytest inside this one."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections import defaultdict
from contextlib import contextmanager

import pytest


class Findings:
    """A plugin of pytest that runs only what is wanted, and keeps what became of it, by class."""

    def __init__(self, wanted):
        self.wanted = wanted
        self.failed, self.skipped, self.passed = defaultdict(dict), defaultdict(dict), defaultdict(set)

    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if self.wanted(item.cls, item.name)]

    def pytest_runtest_logreport(self, report):
        *_, name, test = report.nodeid.split("::")
        if report.failed:
            self.passed[name].discard(test)
            self.failed[name][test] = report.longreprtext
        elif report.skipped:
            _, _, reason = report.longrepr
            self.skipped[name][test] = reason.removeprefix("Skipped: ")
        elif report.when == "call":
            self.passed[name].add(test)


def run(module, folder, wanted=lambda *_: True):
    """Run a module of tests on its own; return what failed, was skipped and passed, by class.

    `wanted(class, test)` tells which tests to run.
    """
    findings = Findings(wanted)
    options = ["-q", "--noconftest", "-c", os.devnull, "--rootdir", str(folder)]
    options += ["--basetemp", str(folder / "temporary")]
    options += ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:faulthandler"]
    with _imports_undone(module):
        status = pytest.main([str(module), *options], plugins=[findings])
    assert status in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    return findings.failed, findings.skipped, findings.passed


def quickly(spoilt, test):
    """Tell whether a test must notice a spoilt class, or is named to pass on it; a good class takes all.

    The other tests run against a class in the long tests.
    """
    return not (spoilt.breaks or spoilt.also) or test in {*spoilt.breaks, *spoilt.also}


def spoilt(module):
    """Return the classes of a module of spoilt plugins by name, each with the tests that must notice."""
    spec = importlib.util.spec_from_file_location(module.stem, module)
    loaded = importlib.util.module_from_spec(spec)
    with _imports_undone(module):
        spec.loader.exec_module(loaded)
    return {name: value.breaks for name, value in vars(loaded).items() if name.startswith("Test")}


@contextmanager
def _imports_undone(module):
    """Leave neither a module behind nor the folders that it adds to the path."""
    path = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = path
        sys.modules.pop(module.stem, None)
