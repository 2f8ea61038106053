"""What the API answers about webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aftercare_woocommerce.fake.refusals import Refusal, missing, no_trash
from aftercare_woocommerce.fake.rest import params
from aftercare_woocommerce.fake.rest.calls import Answer, Call, Routes, changeable
from aftercare_woocommerce.fake.rest.collection import Collection
from aftercare_woocommerce.fake.rest.lists import page
from aftercare_woocommerce.fake.rest.urls import is_url
from aftercare_woocommerce.fake.state.webhooks import HOOKS, valid_topic, webhook_told

_STATUSES = ("active", "paused", "disabled")


class Webhooks(Collection):
    """Answers about webhooks."""

    def _routes(self) -> Routes:
        return {
            **super()._routes(),
            ("GET", "webhooks"): self._webhooks,
            ("POST", "webhooks"): self._new_webhook,
            ("GET", "webhooks/#"): self._webhook,
            ("PUT", "webhooks/#"): self._set_webhook,
            ("DELETE", "webhooks/#"): self._delete_webhook,
        }

    def _webhooks(self, call: Call) -> Answer:
        shop = self.shop
        status = params.one_of(call.told, "status", ("all", *_STATUSES))
        found = [each for each in shop.webhooks.values() if status in ("all", each.fields["status"])]
        return 200, page(
            call.told,
            shop.site.zone,
            found,
            lambda each: webhook_told(each, shop.site),
            orders=("date", "id", "title"),
        )

    def _webhook(self, call: Call, number: int) -> Answer:
        return 200, self.shop.show("webhooks", number)

    def _new_webhook(self, call: Call) -> Answer:
        for name in ("topic", "delivery_url"):
            if name not in call.data:
                raise missing(name)
        fields = _fields({"status": "active", "secret": "a" * 50, "name": "", **call.data})
        _check_url(fields["delivery_url"])
        if not fields["name"]:
            fields["name"] = f"Webhook created on {self.shop.now:%b %d, %Y @ %I:%M %p}"
        return 201, webhook_told(self.shop.new_webhook(fields), self.shop.site)

    def _set_webhook(self, call: Call, number: int) -> Answer:
        thing = changeable(self.shop.webhooks, number, "webhooks")
        # What is there already is not looked at.
        if "delivery_url" in call.data:
            _check_url(str(call.data["delivery_url"]))
        # A new status leaves the count of failures as it is.
        thing.fields.update(_fields({**thing.fields, **call.data}))
        thing.modified = self.shop.now
        return 200, webhook_told(thing, self.shop.site)

    def _delete_webhook(self, call: Call, number: int) -> Answer:
        shown = self.shop.show("webhooks", number)
        if not call.forced:
            raise no_trash("Webhooks")
        del self.shop.webhooks[number]
        return 200, shown


def _check_url(url: str) -> None:
    if not is_url(url):
        message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        raise Refusal(400, "woocommerce_rest_shop_webhook_invalid_delivery_url", message)


def _fields(data: Mapping[str, Any]) -> dict[str, Any]:
    topic, url = str(data["topic"]), str(data["delivery_url"])
    if not valid_topic(topic):
        message = "Webhook topic is required and must be valid."
        raise Refusal(400, "woocommerce_rest_shop_webhook_invalid_topic", message)
    resource, _, event = topic.partition(".")
    return {
        "name": str(data["name"]),
        "status": params.one_of(data, "status", _STATUSES),
        "topic": topic,
        "resource": resource,
        "event": event,
        "hooks": list(HOOKS.get(topic, (event,))),
        "delivery_url": url,
        "secret": str(data["secret"]),
    }
