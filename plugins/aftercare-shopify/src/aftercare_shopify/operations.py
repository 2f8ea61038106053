"""The GraphQL operations, each in a file of its own, and the release of the API that they are written for."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

API_VERSION = "2026-07"
"""The release of Shopify's Admin API that is asked, in this one place."""


@cache
def operation(name: str) -> str:
    """Return the text of `graphql/<name>.graphql`; the operation in it has that name in CamelCase."""
    return files("aftercare_shopify").joinpath("graphql", f"{name}.graphql").read_text(encoding="utf-8")


@cache
def title(name: str) -> str:
    """Return the name that the operation in `graphql/<name>.graphql` has."""
    return "".join(part.capitalize() for part in name.split("_"))


@cache
def changes(name: str) -> bool:
    """Tell whether an operation changes something in the shop, by its text."""
    return any(line.startswith("mutation ") for line in operation(name).splitlines())
