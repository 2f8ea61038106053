"""A WooCommerce shop in memory, for tests of adapters and programs and for demonstrations.

It answers as the recordings do, remembers what is written, refuses what the real one refuses, and sends
signed webhooks: on time, late, twice, merged, in another order, or not at all. The README of this package
shows how.
"""

from __future__ import annotations

from aftercare_woocommerce.fake.deliveries import Delivery
from aftercare_woocommerce.fake.refusals import Refusal
from aftercare_woocommerce.fake.rest import Api, Asked, Reply
from aftercare_woocommerce.fake.serving import answer_in, serve
from aftercare_woocommerce.fake.shop import KEY, SECRET, FakeWooCommerce

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
