"""What a template may use, and how it is filled from what is known of a person and an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType

from aftercare_sdk.model.orders import Order
from aftercare_sdk.model.people import Contact
from aftercare_sdk.outreach.characters import one_line

# The declared context (REND-05): `[]` stands for an item of a list, `*` for any name.
_ORDER = {
    "order": "the order of the event; `{% if order %}` asks whether there is one",
    "order.number": "the number that the customer knows",
    "order.placed_on": "the day of the order in the person's zone; `| date: 'full'` adds the weekday",
    "order.total": "what the whole order costs, if it is known",
    "order.lines": "the lines, for `{% for line in order.lines %}`; may be empty",
    "order.lines[].title": "what was bought",
    "order.lines[].quantity": "how many",
    "order.lines[].paid": "what the line costs in sum, net of discounts and with tax",
}
VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "customer": "the person; not printed by itself, but `{{ customer | salutation }}` addresses them",
        "customer.family_name": "the family name, if the shop keeps it apart",
        "customer.given_name": "the given name, if the shop keeps it apart",
        "customer.full_name": "the name in one field, if the shop keeps it so",
        "shop.name": "the name of the shop",
        "shop.url": "the shop's address on the web, if it is configured",
        "shop.contact": "where questions go: an e-mail address, a telephone number or a page",
        **_ORDER,
        "links.redeem": "where the customer has the reward that the plugin named in `data.reward`",
        "links.unsubscribe": "where the customer refuses such messages; a footer with it is added unless the "
        "template says all that it must",
        "links.confirm": "where somebody confirms a form that was filled in; in the mail that asks them to",
        "data.*": "a string that the plugin gave with the message",
        "items": "what the message is about: itself first, then what was merged into it; "
        "for `{% for item in items %}`",
        **{f"items[].{path}": f"of each of them: {told}" for path, told in _ORDER.items()},
        "items[].data.*": "a string that the plugin gave with that message",
    }
)

NEEDED: Mapping[str, str] = MappingProxyType(
    {
        "links.redeem": "it needs public_url under [server], and the name of a reward that is offered as "
        "data.reward",
        "links.confirm": "only the mail that asks to confirm a form has it",
        "links.unsubscribe": "it needs public_url under [server], and a purpose beyond the purchase",
    }
)
"""What must be there so that a variable is known, where it is not the person or the order that lacks it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopCard:
    """What a shop tells its customers of itself."""

    name: str
    url: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A message that leaves in another one."""

    order: Order | None
    data: Mapping[str, str]
    zone: tzinfo


def message_variables(
    *,
    contact: Contact,
    shop: ShopCard,
    order: Order | None,
    data: Mapping[str, str],
    zone: tzinfo,
    links: Mapping[str, str] = MappingProxyType({}),
    merged: Sequence[Item] = (),
) -> dict[str, object]:
    """Fill the declared context; what is not known is None or empty, and so counts as missing.

    `links` are addresses by what they are for, made for this message. `merged` are the messages that leave in
    this one.
    """
    own = None if order is None else _order(order, zone)
    return {
        "customer": {
            "family_name": one_line(contact.family_name),
            "given_name": one_line(contact.given_name),
            "full_name": one_line(contact.full_name),
        },
        "shop": {
            "name": one_line(shop.name),
            "url": one_line(shop.url),
            "contact": one_line(shop.contact),
        },
        "order": own,
        "links": {name: links.get(name, "") for name in ("redeem", "unsubscribe", "confirm")},
        "data": dict(data),
        "items": [
            {"order": own, "data": dict(data)},
            *(
                {"order": None if one.order is None else _order(one.order, one.zone), "data": dict(one.data)}
                for one in merged
            ),
        ],
    }


def _order(order: Order, zone: tzinfo) -> dict[str, object]:
    return {
        "number": one_line(order.number),
        "placed_on": order.placed_at.astimezone(zone),
        "total": order.total,
        "lines": [
            {"title": one_line(line.title), "quantity": line.quantity, "paid": line.paid}
            for line in order.lines
        ],
    }
