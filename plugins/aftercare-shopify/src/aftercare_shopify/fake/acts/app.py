"""What happens to the app in the shop."""

from __future__ import annotations

from typing import Any

from aftercare_shopify.fake.acts.announcing import Announcing
from aftercare_shopify.fake.bodies.shop import redact_body, shop_body
from aftercare_shopify.fake.records import alone
from aftercare_shopify.fake.state.webhooks import Subscription

COMPLIANCE = ("customers/data_request", "customers/redact", "shop/redact")
"""Topics that no API subscribes to: an app names an address for them where it is registered."""


class App(Announcing):
    """The app: its configured webhooks, and its end."""

    @alone
    def configure(
        self, uri: str, topics: tuple[str, ...] = COMPLIANCE, **told: Any
    ) -> tuple[Subscription, ...]:
        """Subscribe as the app's own configuration does: for compliance topics the only way.

        Such subscriptions are not listed by the API, and do not fall off after failures.
        """
        return tuple(self.queue.subscribe(topic, uri, configured=True, **told) for topic in topics)

    @alone
    def uninstall(self) -> None:
        """Remove the app: `app/uninstalled` is sent, tokens die, and subscriptions by the API are gone."""
        self.queue.happened("app/uninstalled", shop_body(self))
        self.access.installed = False
        self.queue.open = False

    @alone
    def redact_shop(self) -> None:
        """Ask the app to erase all of the shop's data: `shop/redact`, in a real shop two days later."""
        self.queue.happened("shop/redact", redact_body(self))
