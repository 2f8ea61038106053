"""Versions: what changes decisions makes one, what does not makes none."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest

from aftercare_sdk.config import (
    ConfigVersion,
    Secret,
    as_of,
    canonical,
    digest,
    in_force,
    parse,
    section_digest,
    version_of,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def tree(**sections):
    """Return a configuration with some sections changed."""
    return {
        "brand": {"name": "Hibi", "country": "JP"},
        "shops": {
            "main": {
                "adapter": "woocommerce",
                "secrets": [{"env": "A"}],
                "pay_on_delivery": ["cod"],
                "key": {"env": "K"},
            }
        },
        "channels": {"email": {"kind": "smtp", "sender": "a@x.example", "host": "x"}},
        "plugins": {"flows": {"thank-you": {"delay": "1h", "from": date(2026, 1, 1)}}},
        **sections,
    }


BASE = parse(tree())


def shop(**changes):
    """Return the section of shops with some keys of the shop changed."""
    return {"shops": {"main": {**tree()["shops"]["main"], **changes}}}


@pytest.mark.parametrize(
    "changes",
    [
        {"brand": {"name": "Other", "country": "JP"}},
        {"database": {"url": "postgresql://db/x"}},
        {"server": {"port": 9}},
        {"doctor": {"dns": False}},
        {"channels": {}},
        {"defaults": {"hook_budget": "1 s"}},
        shop(secrets=[{"env": "B"}]),
        shop(key={"file": "k"}),
    ],
)
def test_what_makes_no_version(changes):
    """Names, channels, infrastructure and the places of secrets change no decision."""
    assert digest(BASE) == digest(parse(tree(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"brand": {"name": "Hibi", "country": "KR"}},
        {"plugins": {"flows": {"thank-you": {"delay": "2h"}}}},
        {"plugins": {**tree()["plugins"], "disabled": ["flows"]}},
        {"plugins": {**tree()["plugins"], "order": ["flows"]}},
        {"defaults": {"window": "6 days"}},
        shop(assume_delivered=False),
        shop(pay_on_delivery=["cod", "cvs"]),
        shop(currency="JPY"),
        shop(key="gone"),
    ],
)
def test_what_makes_a_version(changes):
    """Sections, options, assumptions, order and switches change decisions."""
    changed = tree(**changes)
    assert digest(BASE) != digest(parse(changed))


def test_canonical_form_does_not_depend_on_the_order_of_writing():
    """The same settings written in another order are the same version."""
    turned = {key: dict(reversed(table.items())) for key, table in reversed(tree().items())}
    assert canonical(BASE) == canonical(parse(turned))


def test_canonical_form_is_json_without_places_of_secrets():
    """The form can be read by anyone, and says of a secret only that there is one."""
    body = json.loads(canonical(BASE))
    assert {"$secret": True} == body["shops"]["main"]["options"]["key"]
    assert "env" not in canonical(BASE)


def version(day, body="{}"):
    """Return a version in force from a day on."""
    return ConfigVersion(effective_from=START + timedelta(days=day), digest=str(day), body=body)


@pytest.mark.parametrize(
    ("at", "expected"), [(-5, "0"), (0, "0"), (0.5, "0"), (1, "1"), (4.9, "1"), (5, "5"), (500, "5")]
)
def test_in_force(at, expected):
    """The latest version that has begun is in force; before all of them, the first."""
    versions = [version(5), version(0), version(1)]
    assert expected == in_force(versions, START + timedelta(days=at)).digest


def test_of_two_that_begin_at_once_the_later_recorded_counts():
    """A configuration corrected within the same instant counts as corrected."""
    versions = [version(0, "first"), version(0, "second")]
    assert "second" == in_force(versions, START).body


def test_no_version_at_all_is_an_error():
    """Asking before anything was recorded is a mistake of the caller."""
    with pytest.raises(ValueError, match="no version"):
        in_force([], START)


def test_as_of_brings_back_what_decided_then():
    """A fact of then is decided by sections, options and periods of then, with the secrets of now."""
    then = version_of(BASE, START)
    now = parse(
        tree(
            brand={"name": "New", "country": "KR"},
            plugins={
                "flows": {"thank-you": {"delay": "9h"}, "backfill": True},
                "care": {"a": 1},
                "disabled": ["x"],
            },
            defaults={"window": "1 day", "assume_delivered": False, "hook_budget": "1 s"},
            **shop(pay_on_delivery=[], key={"env": "NEW"}, assume_delivered=False),
        )
    )
    settings = as_of(then, now)
    assert ("New", "JP", "Asia/Tokyo") == (settings.brand.name, settings.brand.country, settings.brand.zone)
    assert {"thank-you": {"delay": "1h", "from": date(2026, 1, 1)}} == settings.plugin("flows").section
    assert {"a": 1} == settings.plugin("care").section
    assert settings.plugin("flows").backfill
    assert frozenset({"x"}) == settings.disabled
    main = settings.shops["main"]
    assert {"pay_on_delivery": ("cod",), "key": Secret(env="NEW")} == main.options
    assert BASE.shops["main"].assume_delivered == main.assume_delivered
    assert (BASE.defaults.window, timedelta(seconds=1)) == (
        settings.defaults.window,
        settings.defaults.hook_budget,
    )


def test_as_of_itself_changes_nothing():
    """A version brings back exactly what it was made of."""
    section = {
        "$secret": True,
        "$$date": "x",
        "list": [1, {"env": "KEY"}, 2.5, True, "x"],
        "moment": datetime(2026, 1, 1, 9, tzinfo=UTC),
        "local": datetime(2026, 1, 1, 9),  # noqa: DTZ001 - TOML knows local times
        "day": date(2026, 1, 1),
        "clock": time(9, 30),
    }
    settings = parse(tree(plugins={"x": section}))
    assert settings == as_of(version_of(settings, START), settings)


def test_secrets_that_are_gone_are_left_out():
    """A secret of then that has no place now cannot be brought back."""
    then = version_of(parse(tree(plugins={"x": {"a": {"env": "A"}, "b": [{"env": "B"}, 1]}})), START)
    assert {"b": (1,)} == as_of(then, BASE).plugin("x").section


def test_a_section_has_a_digest_and_an_empty_one_has_none():
    """The order of its keys and where a secret is kept change nothing."""
    section = {"offer": "mild tea", "days": (1, 2), "from": date(2026, 1, 1), "key": Secret(env="A")}
    moved = {**dict(reversed(section.items())), "key": Secret(file="b")}
    assert section_digest(section) == section_digest(moved)
    others = [{**section, "days": (2, 1)}, {**section, "from": "2026-01-01"}, {**section, "offer": ""}, {}]
    assert 5 == len({section_digest(each) for each in (section, *others)})
    assert "" == section_digest({})
