"""A contract's tests run against spoilt classes, in a pytest of their own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections import defaultdict
from xml.etree import ElementTree as ET


def run(module, folder, **environ):
    """Run a module of tests on its own; return what failed, was skipped and passed, by class."""
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", str(module), "-q", "--noconftest", "-c", os.devnull]
    command += ["--rootdir", str(folder), "-p", "no:cacheprovider", f"--junitxml={report}"]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | environ, capture_output=True, text=True, check=False
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    failed, skipped, passed = defaultdict(dict), defaultdict(dict), defaultdict(set)
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - written by pytest a moment ago
        name, test = case.get("classname").rpartition(".")[2], case.get("name")
        problems = [*case.findall("failure"), *case.findall("error")]
        if problems:
            failed[name][test] = "\n".join(each.text or "" for each in problems)
        elif (why := case.find("skipped")) is not None:
            skipped[name][test] = why.get("message")
        else:
            passed[name].add(test)
    return failed, skipped, passed


def spoilt(module):
    """Return the classes of a module of spoilt plugins by name, each with the tests that must notice."""
    spec = importlib.util.spec_from_file_location(module.stem, module)
    loaded = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    try:
        spec.loader.exec_module(loaded)
    finally:
        sys.path[:] = before
    return {name: value.breaks for name, value in vars(loaded).items() if name.startswith("Test")}
