from __future__ import annotations

import pytest

from aftercare_sdk.errors import CommandRefused, PlatformUnavailable
from aftercare_sdk.model.commands import TagCustomer


def tier(value, **changes):
    """Return a command for a tier."""
    return TagCustomer(**{"key": "k", "customer": "1", "name": "tier", "value": value, **changes})


def test_a_tier(torii):
    """A tier is kept in a metafield of the app; the merchant's tags are left alone."""
    customer = str(torii.hana)
    assert customer == torii.perform(tier("gold", customer=customer)).reference
    assert {"aftercare_tier": "gold"} == torii.metafields()
    assert {f"app--{torii.shop.app_id}"} == {space for _, space, _ in torii.shop.metafields}
    assert [] == torii.shop.customers[torii.hana].tags
    torii.asked()
    torii.perform(tier("gold", customer=customer))
    assert ["customer_value"] == torii.asked()
    torii.perform(tier("silver", customer=customer))
    assert {"aftercare_tier": "silver"} == torii.metafields()
    for _ in range(2):
        torii.perform(tier(None, customer=customer))
        assert {} == torii.metafields()
    looks = ["customer_value", "customer_value"]
    assert ["customer_value", "set_metafields", *looks, "delete_metafields", "customer_value"] == (
        torii.asked()
    )


@pytest.mark.parametrize(("before", "value"), [(None, "silver"), ("bronze", "silver"), ("bronze", None)])
def test_somebody_else_writes_too(torii, before, value):
    """What was written between reading and writing stays: this command may be the older one."""
    customer = str(torii.hana)
    if before:
        torii.perform(tier(before, customer=customer))
    interfere(torii, customer, "gold")
    with pytest.raises(PlatformUnavailable, match=r"'aftercare_tier' of customer .* at this moment"):
        torii.perform(tier(value, customer=customer))
    assert {"aftercare_tier": "gold"} == torii.metafields()
    # Tried again, it is the latest word.
    torii.perform(tier(value, customer=customer))
    assert ({"aftercare_tier": value} if value else {}) == torii.metafields()


def test_called_changed_all_the_time(torii, instead, against):
    """What Shopify calls changed, and is not, is tried again at once, and some time later."""
    instead(torii, "set_metafields", against("metafieldsSet", code="STALE_OBJECT"))
    torii.api.before = lambda _: torii.shop.metafields.clear()
    with pytest.raises(PlatformUnavailable, match="at this moment"):
        torii.perform(tier("gold", customer=str(torii.hana)))
    assert ["customer_value", "set_metafields"] * 4 == torii.asked()


def interfere(torii, customer, value):
    """Have another tier written once after the present one was read."""
    read = []

    def before(asked):
        if read:
            torii.api.before = None
            torii.perform(tier(value, customer=customer))
        elif asked.operation == "CustomerValue":
            read.append(asked)

    torii.api.before = before


def test_the_same_written_by_two(torii):
    """When two write the same at the same moment, both are done."""
    customer = str(torii.hana)

    def before(asked):
        if asked.operation == "SetMetafields":
            torii.api.before = None
            torii.perform(tier("gold", customer=customer))

    torii.api.before = before
    torii.perform(tier("gold", customer=customer))
    assert {"aftercare_tier": "gold"} == torii.metafields()


def test_tags(torii):
    """With the option, tags say the same; those of the merchant stay."""
    customer = str(torii.hana)
    torii.shop.tag(torii.hana, "VIP", "aftercare:tierlist:x", "Aftercare:Tier:Bronze")
    torii.perform(tier("gold", customer=customer), tags=True)
    mine = ["VIP", "aftercare:tierlist:x"]
    assert sorted([*mine, "aftercare:tier:gold"]) == sorted(torii.shop.customers[torii.hana].tags)
    torii.asked()
    torii.perform(tier("gold", customer=customer), tags=True)
    assert ["customer_value"] == torii.asked()
    torii.perform(tier("silver", customer=customer), tags=True)
    assert sorted([*mine, "aftercare:tier:silver"]) == sorted(torii.shop.customers[torii.hana].tags)
    torii.perform(tier(None, customer=customer), tags=True)
    assert sorted(mine) == sorted(torii.shop.customers[torii.hana].tags)


def test_tags_that_somebody_took_away(torii):
    """Tags are a copy: the next time they say the same again."""
    customer = str(torii.hana)
    torii.perform(tier("gold", customer=customer), tags=True)
    torii.shop.untag(torii.hana, "aftercare:tier:gold")
    torii.perform(tier("gold", customer=customer), tags=True)
    assert ["aftercare:tier:gold"] == torii.shop.customers[torii.hana].tags


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (tier("gold", customer="hana"), "whole numbers"),
        (tier("gold", customer="12345"), "there is no customer 12345"),
        (tier("gold", name="Tier of 2026"), "cannot be the name"),
        (tier("gold", name="x" * 55), "cannot be the name"),
        (tier(""), "one line of text"),
        (tier("gold\nsilver"), "one line of text"),
        (tier("gold, silver"), "no comma"),
        (tier("g" * 250), "255 characters"),
    ],
)
def test_values_that_are_refused(torii, command, told):
    """What cannot be kept is refused before anything is written."""
    with pytest.raises(CommandRefused, match=told):
        torii.perform(command, tags=True)
    assert {} == torii.metafields()


@pytest.mark.parametrize(
    ("operation", "change", "value", "told"),
    [
        ("set_metafields", "metafieldsSet", "gold", "'aftercare_tier' with customer"),
        ("delete_metafields", "metafieldsDelete", None, "'aftercare_tier' with customer"),
        ("add_tags", "tagsAdd", "gold", "the tags of customer"),
        ("remove_tags", "tagsRemove", None, "the tags of customer"),
    ],
)
def test_values_that_shopify_refuses(torii, operation, change, value, told, instead, against):  # noqa: PLR0917 - fixtures
    """What Shopify does not take is refused with its word for why."""
    customer = str(torii.hana)
    if value is None:
        torii.perform(tier("gold", customer=customer), tags=True)
    instead(torii, operation, against(change, code="INVALID"))
    with pytest.raises(CommandRefused, match=f"does not take {told} .*INVALID for x") as caught:
        torii.perform(tier(value, customer=customer), tags=True)
    assert "@" not in str(caught.value)
