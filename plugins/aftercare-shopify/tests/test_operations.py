from __future__ import annotations

import ast
import gzip
import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    OperationType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    get_named_type,
    parse,
    validate,
    visit,
)

from aftercare_shopify import operations
from aftercare_shopify.operations import API_VERSION, operation

SCHEMAS = Path(__file__).parent / "fixtures" / "schema"
SERVED = ("2026-01", "2026-04", "2026-07", "2026-10")
PACKAGE = Path(str(files("aftercare_shopify")))
NAMES = sorted(file.stem for file in (PACKAGE / "graphql").iterdir())

DEPRECATED = {
    "Customer.emailMarketingConsent": "an account without an address says only there that it was redacted"
}
"""Deprecated things that are used all the same, such as `Customer.email`, and why."""


@cache
def schema(release):
    """Return Shopify's schema of a release."""
    told = json.loads(gzip.decompress((SCHEMAS / f"admin-{release}.introspection.json.gz").read_bytes()))
    # Shopify deprecates fields of types and not of their interfaces, which graphql-core 3.3 forbids.
    return build_client_schema(told["data"], assume_valid=True)


def definition(name):
    """Return the one operation of a file."""
    [found] = [one for one in parse(operation(name)).definitions if isinstance(one, OperationDefinitionNode)]
    return found


def test_there_are_some():
    """All files of that folder are operations, and nothing else lies there."""
    assert NAMES
    assert {".graphql"} == {file.suffix for file in (PACKAGE / "graphql").iterdir()}


@pytest.mark.parametrize("release", SERVED)
def test_every_operation_is_understood(release):
    """Each release that Shopify serves today understands all that is asked."""
    wrong = {name: validate(schema(release), parse(operation(name))) for name in NAMES}
    assert {} == {name: [error.message for error in errors] for name, errors in wrong.items() if errors}


def test_the_check_can_fail():
    """The schemas refuse what is not in them."""
    assert validate(schema(API_VERSION), parse("query Wrong { orders(first: 1) { nodes { nonsense } } }"))


@pytest.mark.parametrize("name", NAMES)
def test_one_operation_in_a_file(name):
    """The operation is named as its file, and that name is sent with it."""
    found = definition(name)
    assert operations.title(name) == found.name.value
    assert (found.operation is OperationType.MUTATION) == operations.changes(name)


@pytest.mark.parametrize("name", NAMES)
def test_fragments_are_used(name):
    """Nothing is left over in a file: validation would refuse it, and cost nothing to see."""
    assert all(
        isinstance(one, OperationDefinitionNode | FragmentDefinitionNode)
        for one in parse(operation(name)).definitions
    )


def test_a_change_tells_why_it_was_not_made():
    """Each mutation asks for the users' errors, without which a refused change looks like a made one."""
    silent = []
    for name in NAMES:
        if not operations.changes(name):
            continue
        for change in definition(name).selection_set.selections:
            asked = {one.name.value for one in change.selection_set.selections if isinstance(one, FieldNode)}
            silent += [] if "userErrors" in asked else [name]
    assert [] == silent


class Deprecated(Visitor):
    """Collects what Shopify marks as deprecated in an operation.

    The rule of graphql-core needs the text of the schema, and of Shopify's there is only what it answers.
    """

    def __init__(self, info):
        super().__init__()
        self.info, self.found = info, set()

    def see(self, thing, name):
        if thing is not None and thing.deprecation_reason is not None:
            self.found.add(name)

    def enter_field(self, node, *_):
        self.see(self.info.get_field_def(), f"{self.info.get_parent_type().name}.{node.name.value}")

    def enter_argument(self, node, *_):
        self.see(self.info.get_argument(), f"argument {node.name.value}")

    def enter_enum_value(self, node, *_):
        self.see(self.info.get_enum_value(), node.value)

    def enter_object_field(self, node, *_):
        parent = get_named_type(self.info.get_parent_input_type())
        self.see(parent.fields.get(node.name.value), f"{parent.name}.{node.name.value}")


def deprecated(text):
    """Return what is deprecated in an operation, in the release that is asked."""
    info = TypeInfo(schema(API_VERSION))
    visitor = Deprecated(info)
    visit(parse(text), TypeInfoVisitor(info, visitor))
    return visitor.found


def test_nothing_deprecated():
    """What Shopify will take away is not used, in the release that is asked."""
    assert set(DEPRECATED) == {name for file in NAMES for name in deprecated(operation(file))}


def test_the_check_for_the_deprecated_can_fail():
    """A deprecated field, argument and input field are seen."""
    old = """mutation Old {
        webhookSubscriptionCreate(topic: ORDERS_CREATE, webhookSubscription: {callbackUrl: "https://x"}) {
            webhookSubscription { callbackUrl } userErrors { message }
        }
    }"""
    assert {"WebhookSubscriptionInput.callbackUrl", "WebhookSubscription.callbackUrl"} == deprecated(old)
    asked = 'query Old { webhookSubscriptions(first: 1, callbackUrl: "x") { nodes { id } } }'
    assert {"argument callbackUrl"} == deprecated(asked)


def test_every_operation_is_asked():
    """No file lies there that nothing in the package asks for."""
    nodes = [
        node
        for file in PACKAGE.rglob("*.py")
        if "fake" not in file.parts
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    ]
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    patterns = [pattern for node in nodes if isinstance(node, ast.JoinedStr) for pattern in made_of(node)]
    unused = [name for name in NAMES if name not in words]
    assert [] == [name for name in unused if not any(re.fullmatch(each, name) for each in patterns)]


def made_of(node):
    """Give the pattern of an f-string that may be the name of an operation, such as `list_{kind}s`."""
    parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
    if parts and parts[0] and re.fullmatch(r"[a-z]+_", parts[0]):
        yield "".join(r"\w+" if part is None else re.escape(part) for part in parts)


def test_one_place_for_the_release():
    """The release is pinned once: nothing else of the package but the fake's schema names it."""
    named = [
        str(file.relative_to(PACKAGE))
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == API_VERSION
    ]
    assert ["operations.py"] == [file for file in named if not file.startswith("fake/")]


BANNED = {"activate_session", "ShopifyResource", "temp"}


def misuses(source):
    """Name what a source does with ShopifyAPI that lets one shop's token reach another's host."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in BANNED:
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "shopify":
            yield "from shopify import"
        elif isinstance(node, ast.Name) and node.id in BANNED - {"temp"}:
            yield node.id
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "GraphQL"
        ):
            yield "GraphQL()"


def test_the_library_is_used_safely():
    """Nothing activates a session, and the library's own client is never made: it mixes up shops."""
    found = {
        str(file.relative_to(PACKAGE)): list(misuses(file.read_text(encoding="utf-8")))
        for file in PACKAGE.rglob("*.py")
    }
    assert "client.py" in found
    assert {} == {file: wrong for file, wrong in found.items() if wrong}


@pytest.mark.parametrize(
    "source",
    [
        "import shopify\nshopify.ShopifyResource.activate_session(session)",
        "import shopify\nwith shopify.Session.temp(domain, version, token): pass",
        "import shopify\nshopify.GraphQL().execute(query)",
        "from shopify import GraphQL\nGraphQL()",
        "import shopify as s\ns.Session.temp",
    ],
)
def test_the_check_of_the_library_can_fail(source):
    """Each of the ways that are banned is seen."""
    assert list(misuses(source))
