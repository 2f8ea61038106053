"""The shop as tests see it: what is done in it stands in `acts`, what it keeps in `records`."""

from __future__ import annotations

from typing import Any

from aftercare_woocommerce.fake.acts.accounts import Accounts
from aftercare_woocommerce.fake.acts.catalogue import Catalogue
from aftercare_woocommerce.fake.acts.checkout import Checkout
from aftercare_woocommerce.fake.acts.reviews import Reviews
from aftercare_woocommerce.fake.deliveries import Delivery
from aftercare_woocommerce.fake.state.things import Thing


class FakeWooCommerce(Checkout, Accounts, Catalogue, Reviews):
    """A shop that answers, remembers, and sends webhooks when it is told to.

    It stands still: `now` moves by `wait` only. `deliver(delivery)` takes webhooks to where they go and
    returns the status of the answer; without it they go out over HTTP. `decimals` is the shop's setting.
    `hpos=False` keeps orders as posts, as older shops do: then an edit of lines or meta data moves no date.
    """

    def deliver(self, **how: Any) -> tuple[Delivery, ...]:
        """Deliver the webhooks that wait; see `Queue.deliver`."""
        return self.queue.deliver(**how)

    def new_webhook(self, fields: dict[str, Any]) -> Thing:
        """Make a webhook of checked fields, and ping its receiver."""
        number = next(self._webhook_ids)
        thing = Thing(id=number, created=self.now, modified=None, fields=fields)
        self.webhooks[number] = thing
        self.queue.ping(thing)
        return thing
