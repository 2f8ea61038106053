"""Whom an operator means by a text."""

from __future__ import annotations

from sqlalchemy import Connection

from aftercare_sdk.store import objects, people


def find_customers(connection: Connection, text: str) -> dict[int, str]:
    """Return the customers whom a text may mean, each with how it was found.

    An e-mail address in any capitals (`identity`, or `mailbox` for customers whose orders are written to it),
    a telephone number, `shop/account-id`, `shop/order/id` or `shop/review/id`.
    """
    for kind in ("order", "review"):
        shop, is_one, id_ = text.partition(f"/{kind}/")
        if is_one:
            key = (shop, kind, id_)
            stored = objects.get_many(connection, [key]).get(key)
            if stored is None or stored.identity is None:
                return {}
            return dict.fromkeys(people.customers_of(connection, [stored.identity]).values(), kind)
    named = people.search(connection, text)
    found = dict.fromkeys(named.values(), "identity")
    owners = people.customers_of(connection, objects.owners_of_mailboxes(connection, named))
    return dict.fromkeys(owners.values(), "mailbox") | found
