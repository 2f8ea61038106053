from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]
PROJECTS = [ROOT, *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
CONSTRAINTS = ROOT.joinpath("constraints.txt").read_text(encoding="utf-8").splitlines()
BUILD_FILES = [
    ".ci/run",
    "Makefile",
    "constraints.txt",
    *(p.relative_to(ROOT) / "pyproject.toml" for p in PROJECTS),
]


def names(requirements):
    """Return the normal form (PEP 503) of the names in requirements."""
    return {
        re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower() for requirement in requirements
    }


def pinned():
    """Return the lines of constraints.txt that are no comment."""
    return [line for line in CONSTRAINTS if not line.startswith("#")]


def test_constraints_are_plain():
    """Each line is `name==version` and nothing else: no index, no path, no option, no marker."""
    assert [line for line in pinned() if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []


def test_constraints_say_how_they_were_made():
    """The first lines are a comment."""
    assert CONSTRAINTS[0].startswith("# ")


def test_constraints_do_not_pin_the_project_itself():
    """The project's own distributions come from the checkout."""
    assert names(pinned()) & names(project["name"] for project in map(metadata, PROJECTS)) == set()


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_every_dependency_is_pinned(folder):
    """A dependency that constraints.txt does not know would float."""
    project = metadata(folder)
    wanted = [*project["dependencies"]]
    for extra in project.get("optional-dependencies", {}).values():
        wanted += extra
    own = names(metadata(other)["name"] for other in PROJECTS)
    only_on_windows = names(line for line in wanted if "sys_platform == 'win32'" in line)
    assert names(wanted) - own - only_on_windows - names(pinned()) == set()


@pytest.mark.parametrize("name", BUILD_FILES, ids=str)
def test_no_build_file_names_an_index(name):
    """Where packages come from is a matter of the machine, not of the project."""
    text = ROOT.joinpath(name).read_text(encoding="utf-8")
    assert re.findall(r"\w+://\S+|--(?:extra-)?index-url|--find-links|--trusted-host", text) == []


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_every_file_of_the_package_is_shipped(folder):
    """Templates, catalogues, migrations, recordings and py.typed are in the wheel."""
    shipped = {file.relative_path for file in WheelBuilder(str(folder)).recurse_included_files()}
    present = {
        str(path.relative_to(folder))
        for path in folder.glob("src/**/*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert present - shipped == set()
    assert any(path.endswith("/py.typed") for path in present)


def metadata(folder):
    """Return the table [project] of a distribution."""
    return tomllib.loads(folder.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]
