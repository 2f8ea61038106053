from __future__ import annotations

import gzip
import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import responses
from graphql import OperationDefinitionNode, build_client_schema, get_named_type, is_input_object_type, parse
from graphql.execution.values import get_variable_values

from aftercare_shopify import operations
from aftercare_shopify.client import ShopifyClient
from aftercare_shopify.effects import Effects
from aftercare_shopify.fake import TOKEN, Api, FakeShopify, answer_in
from aftercare_shopify.tokens import StaticToken

SCHEMAS = Path(__file__).parents[1] / "fixtures" / "schema"
EMAIL = "Hana@Example.jp"
NAMES = {
    operations.title(file.stem): file.stem for file in Path(operations.__file__).parent.glob("graphql/*")
}


def wrong_in(schemas, name, variables):
    """Say which of the releases does not take these variables, and what in them is deprecated."""
    [operation] = [
        one
        for one in parse(operations.operation(name)).definitions
        if isinstance(one, OperationDefinitionNode)
    ]
    for release, schema in schemas.items():
        told = get_variable_values(schema, list(operation.variable_definitions), variables)
        if isinstance(told, list):
            yield name, release, [error.message for error in told]
            continue
        for definition in operation.variable_definitions:
            named = definition.type
            while not hasattr(named, "name"):
                named = named.type
            kind = schema.type_map[named.name.value]
            value = variables.get(definition.variable.name.value)
            yield from ((name, release, field) for field in deprecated(kind, value))


def deprecated(kind, value):
    """Name the deprecated fields of an input."""
    if isinstance(value, list):
        for each in value:
            yield from deprecated(kind, each)
    elif isinstance(value, dict) and is_input_object_type(kind):
        for name, below in value.items():
            if kind.fields[name].deprecation_reason is not None:
                yield f"{kind.name}.{name}"
            yield from deprecated(get_named_type(kind.fields[name].type), below)


class Connected:
    """The effects of a shop, the fake shop that they are for, and its API."""

    def __init__(self, mock, **how):
        self.shop = FakeShopify(deliver=lambda _: 200, **how)
        self.api = Api(self.shop)
        answer_in(mock, self.api)
        self.pauses = []
        self.client = ShopifyClient(
            shop="torii",
            domain=self.shop.domain,
            tokens=StaticToken(TOKEN, shop="torii"),
            sleep=self.pauses.append,
            jitter=lambda: 1.0,
        )
        self.hana = self.shop.add_customer(EMAIL)

    def perform(self, command, *, tags=False):
        return Effects(self.client, "torii", SimpleNamespace(customer_tags=tags)).perform(command)

    def asked(self):
        """Return the operations that were asked since the last time, by the names of their files."""
        names = [NAMES[each.operation] for each in self.api.asked[self.seen :]]
        self.seen = len(self.api.asked)
        return names

    seen = 0

    def made(self):
        """Return the one discount of the shop."""
        [discount] = self.shop.discounts.values()
        return discount

    def metafields(self):
        """Return what the app keeps: the values by key."""
        return {key: each.value for (_, _, key), each in self.shop.metafields.items()}


@pytest.fixture(scope="session")
def schemas():
    """Shopify's schemas by release."""
    return {
        file.name[6:13]: build_client_schema(
            json.loads(gzip.decompress(file.read_bytes()))["data"], assume_valid=True
        )
        for file in sorted(SCHEMAS.glob("*.gz"))
    }


@pytest.fixture(scope="session")
def wrong_inputs(schemas):
    """Say what is wrong with the variables of an operation, in any of the releases."""
    return partial(wrong_in, schemas)


@pytest.fixture
def connect(wrong_inputs):
    """Connect effects to fake shops; all that they sent must be right in every release that is served."""
    made = []
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:

        def connect(**how):
            made.append(Connected(mock, **how))
            return made[-1]

        yield connect
    asked = [each for one in made for each in one.api.asked]
    wrong = [each for one in asked for each in wrong_inputs(NAMES[one.operation], one.variables)]
    assert [] == wrong


@pytest.fixture
def torii(connect):
    """A connected shop."""
    return connect()


@pytest.fixture(scope="session")
def instead():
    """Have the shop answer one operation so, whatever is asked of it."""

    def instead(torii, name, body):
        answer = torii.api.answer

        def answered(*request):
            reply = answer(*request)
            if torii.api.asked[-1].operation != operations.title(name):
                return reply
            return replace(reply, body=json.dumps(body).encode())

        torii.api.answer = answered

    return instead


@pytest.fixture(scope="session")
def against():
    """Return an answer in which a change was not made."""

    def against(name, **error):
        return {"data": {name: {"userErrors": [{"field": ["x"], "message": EMAIL, **error}]}}}

    return against
