"""Options are checked by the schemas of those whose options they are."""

from __future__ import annotations

import pytest
from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, pre_load, validate

from aftercare_sdk.config import CHANNEL_KEYS, PLUGIN_KEYS, SHOP_KEYS, Secret, validate_section


class Login(Schema):
    user = fields.String(required=True)
    password = fields.String()


class Options(Schema):
    host = fields.String(required=True, data_key="host-name")
    port = fields.Integer(load_default=25)
    tls = fields.Boolean()
    password = fields.String(validate=validate.Length(min=4))
    login = fields.Nested(Login)
    logins = fields.List(fields.Nested(Login))
    more = fields.Nested(Login, many=True)
    limits = fields.Dict(keys=fields.String(validate=validate.Length(max=3)), values=fields.Integer())
    logins_by_name = fields.Dict(values=fields.Nested(Login))


def test_valid_options_are_frozen_with_defaults():
    """Options come back as the schema reads them, frozen."""
    read, problems = validate_section("channels.email", Options, {"host-name": "x", "login": {"user": "u"}})
    assert () == problems
    assert {"host": "x", "port": 25, "login": {"user": "u"}} == read
    with pytest.raises(TypeError):
        read["login"]["user"] = "other"


def test_secrets_stay_references():
    """A secret is validated as text and comes back as the reference that it was."""
    raw = {
        "host-name": "x",
        "password": Secret(env="PW"),
        "logins": ({"user": "u", "password": Secret(env="B")},),
    }
    read, problems = validate_section("channels.email", Options, raw)
    assert () == problems
    assert Secret(env="PW") == read["password"]
    assert Secret(env="B") == read["logins"][0]["password"]


def test_problems_have_paths_and_cures():
    """Every problem is told, at any depth, with the path in the file."""
    raw = {
        "hostname": "x",
        "tls": "maybe",
        "port": "x",
        "login": {"usr": "u"},
        "logins": ({}, {"user": 1}),
        "more": ({"user": "u", "passwrd": 1},),
        "limits": {"long-name": "x"},
        "logins_by_name": {"a": {"uesr": 1}},
    }
    _, problems = validate_section("channels.email", Options, raw, beside=CHANNEL_KEYS)
    expected = [
        "channels.email.host-name: missing; add it",
        'channels.email.hostname: unknown key; did you mean "host-name"?',
        "channels.email.limits.long-name: Longer than maximum length 3.",
        "channels.email.limits.long-name: must be a whole number; write it without quotes",
        "channels.email.login.user: missing; add it",
        'channels.email.login.usr: unknown key; did you mean "user"?',
        "channels.email.logins[0].user: missing; add it",
        "channels.email.logins[1].user: must be text; write it in quotes",
        'channels.email.logins_by_name.a.uesr: unknown key; did you mean "user"?',
        "channels.email.logins_by_name.a.user: missing; add it",
        'channels.email.more[0].passwrd: unknown key; did you mean "password"?',
        "channels.email.port: must be a whole number; write it without quotes",
        "channels.email.tls: must be true or false; write it without quotes",
    ]
    assert expected == list(problems)


def test_misspelt_keys_of_the_sdk_are_recognised():
    """A misspelt core key ends up among the options, and is recognised there."""
    _, problems = validate_section("plugins.flows", Login, {"user": "u", "start_at": 1}, beside=PLUGIN_KEYS)
    assert ('plugins.flows.start_at: unknown key; did you mean "starts_at"?',) == problems


def test_without_a_schema_there_are_no_options():
    """An adapter that declares no options accepts none."""
    assert ({}, ()) == validate_section("shops.main", None, {})
    _, problems = validate_section("shops.main", None, {"curency": "JPY", "9z": 1}, beside=SHOP_KEYS)
    assert 'shops.main.curency: unknown key; did you mean "currency"?' in problems
    assert problems[0].startswith("shops.main.9z: unknown key; remove it (known here: adapter, ")


def test_messages_of_the_schema_cannot_tell_secrets():
    """A validator that repeats its input repeats no secret, not even the text that stands in for it."""

    class Talkative(Schema):
        password = fields.String(validate=validate.Length(max=1, error="{input} is\ntoo long"))

    _, problems = validate_section("channels.email", Talkative, {"password": Secret(env="PW")})
    assert ("channels.email.password: (a secret) is too long",) == problems


def test_schema_wide_problems_are_told_at_the_section():
    """What a schema says about the whole is told at the path of the section."""

    class Never(Schema):
        @pre_load
        def refuse(self, data, **_):
            raise ValidationError("two of these cannot stand together")

    _, problems = validate_section("shops.main", Never, {})
    assert ("shops.main: two of these cannot stand together",) == problems


def test_a_schema_that_changes_what_it_reads_is_served_a_copy():
    """A schema may take what it reads apart; the settings stay as they are."""

    class Popping(Schema):
        class Meta:
            unknown = EXCLUDE

        @pre_load
        def pop(self, data, **_):
            data.pop("a")
            return data

    raw = {"a": 1, "b": (1, 2)}
    assert ({}, ()) == validate_section("plugins.x", Popping, raw)
    assert {"a": 1, "b": (1, 2)} == raw


class Broken(Schema):
    @pre_load
    def fail(self, data, **_):
        raise ZeroDivisionError


class NoMapping(Schema):
    password = fields.String()

    @post_load
    def make(self, data, **_):
        return 3


class Changes(Schema):
    password = fields.Function(deserialize=lambda value: value.upper())


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (Broken, "Broken failed on these options with ZeroDivisionError"),
        (NoMapping, "NoMapping makes no mapping of these options"),
        (Changes, "Changes changes a secret"),
        (Options(), "what describes these options is no marshmallow Schema class"),
        (dict, "what describes these options is no marshmallow Schema class"),
    ],
)
def test_faulty_schemas_are_a_matter_of_their_authors(schema, expected):
    """A schema that fails is told as such, and does not stop the others from being read."""
    _, (problem,) = validate_section("plugins.x", schema, {"password": Secret(env="PW")})
    assert problem.startswith("plugins.x: ")
    assert expected in problem
    assert problem.endswith("its author must mend that")
