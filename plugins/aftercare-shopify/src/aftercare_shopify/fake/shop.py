"""The shop as tests see it: what is done in it stands in `acts`, what it keeps in `records`."""

from __future__ import annotations

from typing import Any

from aftercare_shopify.fake.acts.accounts import Accounts
from aftercare_shopify.fake.acts.app import App
from aftercare_shopify.fake.acts.catalogue import Catalogue
from aftercare_shopify.fake.acts.changes import Changes
from aftercare_shopify.fake.acts.contracts import Contracts
from aftercare_shopify.fake.acts.parcels import Parcels
from aftercare_shopify.fake.deliveries import Delivery
from aftercare_shopify.fake.state.webhooks import Subscription


class FakeShopify(Changes, Parcels, Accounts, Catalogue, Contracts, App):
    """A shop that answers, remembers, and sends webhooks when it is told to.

    It stands still: `now` moves by `wait` only. `deliver(delivery)` takes webhooks to where they go and
    returns the status of the answer; without it they go out over HTTP. `zone` is the shop's, in which
    webhooks tell times. `rates` are the currencies that it sells in besides its own, such as `{"USD":
    "0.0067"}`: how much one unit of the shop's currency is. `token` and `secret` are for tests of several
    shops: the token that it knows, and the client secret of the app that is in it. With `allow_loopback`
    webhooks may go to plain HTTP on this computer, which a real shop refuses.
    """

    @property
    def subscriptions(self) -> dict[int, Subscription]:
        """The webhook subscriptions by id."""
        return self.queue.subscriptions

    def deliver(self, **how: Any) -> tuple[Delivery, ...]:
        """Deliver the webhooks that are due; see `Queue.deliver`."""
        return self.queue.deliver(**how)
