"""A WooCommerce shop in memory, for tests of adapters and programs and for demonstrations.

It answers as the recordings do, remembers what is written, refuses what the real one refuses, and sends
signed webhooks: on time, late, twice, merged, in another order, or not at all. The README of this package
shows how.

What stands where, from top to bottom; each imports only from below:

- `serving`: the shop over `responses` and over HTTP.
- `rest`: the REST API, a module for each collection; `api` routes, `lists` filters and pages.
- `shop`: the shop as tests see it.
- `acts`: what customers and staff do, and what that moves and announces.
- `records`: what there is, by id, and the clock.
- `access`: who may ask. `deliveries`: the webhooks.
- `state`: each kind of thing that is kept, and how it is told.
- `refusals`, `php`: how errors and JSON look.
"""

from __future__ import annotations

from aftercare_sdk.shops.fakes import Reply
from aftercare_woocommerce.fake.access import KEY, SECRET
from aftercare_woocommerce.fake.deliveries import Delivery
from aftercare_woocommerce.fake.refusals import Refusal
from aftercare_woocommerce.fake.rest.api import Api, Asked
from aftercare_woocommerce.fake.serving import answer_in, serve
from aftercare_woocommerce.fake.shop import FakeWooCommerce

__all__ = [
    "KEY",
    "SECRET",
    "Api",
    "Asked",
    "Delivery",
    "FakeWooCommerce",
    "Refusal",
    "Reply",
    "answer_in",
    "serve",
]
