"""A Shopify shop in memory, for tests of adapters and programs and for demonstrations.

It executes GraphQL on Shopify's own schema, remembers what is written, refuses what the real one refuses, and
sends signed webhooks: on time, late, twice, in another order, or not at all. The README of this package shows
how. It needs the extra `fake`: `pip install 'aftercare-shopify[fake]'`.

What stands where, from top to bottom; each imports only from below:

- `serving`: the shop over `responses` and over HTTP.
- `api`: a request in, an answer out; `oauth` gives tokens.
- `graph`: the GraphQL API; `executing` runs a request, `queries` and `mutations` are its roots, `cost` weighs
  it.
- `shop`: the shop as tests see it.
- `acts`: what customers, staff and carriers do, and what that moves and announces.
- `records`: what there is, by id, and the clock.
- `deliveries`, `filters`, `search`: the webhooks, and Shopify's search syntax.
- `bodies`: how webhooks tell things.
- `access`, `bucket`: who may ask, for what, and how much.
- `state`: each kind of thing that is kept.
- `refusals`: how it says no.
"""

from __future__ import annotations

from aftercare_sdk.shops.fakes import Reply
from aftercare_shopify.fake.access import CLIENT_ID, SECRET, TOKEN
from aftercare_shopify.fake.api import Api, Asked
from aftercare_shopify.fake.deliveries import Delivery
from aftercare_shopify.fake.refusals import MissingExtra, Refusal
from aftercare_shopify.fake.serving import answer_in, serve
from aftercare_shopify.fake.shop import FakeShopify
from aftercare_shopify.fake.state.people import Address

__all__ = [
    "CLIENT_ID",
    "SECRET",
    "TOKEN",
    "Address",
    "Api",
    "Asked",
    "Delivery",
    "FakeShopify",
    "MissingExtra",
    "Refusal",
    "Reply",
    "answer_in",
    "serve",
]
