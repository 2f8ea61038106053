"""Shopify's schema, and the access scopes that it asks for."""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any

from graphql import GraphQLSchema, build_client_schema

from aftercare_shopify.operations import API_VERSION


@cache
def _read() -> dict[str, Any]:
    name = f"admin-{API_VERSION}.introspection.json.gz"
    packed = files("aftercare_shopify.fake").joinpath("schema", name).read_bytes()
    told: dict[str, Any] = json.loads(gzip.decompress(packed))
    return told


@cache
def schema() -> GraphQLSchema:
    """Return the schema. Building it takes a second, once in a process."""
    # Shopify's schema breaks a rule of newer releases of graphql-core about deprecated fields of interfaces.
    return build_client_schema(_read()["data"], assume_valid=True)


@cache
def scopes() -> dict[tuple[str, str], tuple[frozenset[str], str]]:
    """Return, by type and field, which scopes show it, and how Shopify says so; a type has no field."""
    return {
        (each["typeName"], each.get("fieldName", "")): (
            frozenset(each["offlineScopes"]),
            each["requiredAccess"],
        )
        for each in _read()["offline_scopes"]["items"]
        if each["offlineScopes"]
    }
