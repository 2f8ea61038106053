"""The webhooks of a shop: which there must be, what is wrong with them, and how that is mended.

WooCommerce sends nothing twice, and disables a webhook after seven failures in a row without telling anybody.
Its API tells neither secrets nor failures: a webhook that fails looks healthy until it is disabled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.shops.asking import Answer
from aftercare_woocommerce import address
from aftercare_woocommerce.client import Client, Writer, every, parsed

TOPICS = (
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "customer.created",
    "customer.updated",
    "customer.deleted",
    "product.created",
    "product.updated",
    "product.deleted",
    "product.restored",
)
"""What must be told. `order.deleted` is the trash; nothing is told of what is deleted for good."""

_ACTIVE = "active"


class Problem(StrEnum):
    """What may be wrong with the webhook of a topic."""

    MISSING = "missing"
    ELSEWHERE = "elsewhere"
    DISABLED = "disabled"
    PAUSED = "paused"
    TWICE = "twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong with the webhook of a topic.

    `webhook` is its number in the shop, if there is one. `mended`: it was put right at once.
    """

    topic: str
    problem: Problem
    webhook: int | None = None
    url: str = ""
    mended: bool = False

    def __str__(self) -> str:
        told = {
            Problem.MISSING: "there is none: what happens is not told",
            Problem.ELSEWHERE: f"webhook {self.webhook} goes to {self.url}",
            Problem.DISABLED: f"webhook {self.webhook} is disabled: the shop gave up after seven failures",
            Problem.PAUSED: f"webhook {self.webhook} is paused by somebody",
            Problem.TWICE: f"webhook {self.webhook} is one too many: everything is sent twice",
        }[self.problem]
        return f"{self.topic}: {told}{' (put right)' if self.mended else ''}"


class Deed(StrEnum):
    """What was done with the webhook of a topic."""

    MADE = "made"
    SET = "set"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A webhook that is there now, active and with the secret that was given."""

    topic: str
    deed: Deed
    webhook: int


@dataclass(frozen=True, slots=True)
class _Hook:
    """A webhook, as far as it is used."""

    id: int
    name: str
    topic: str
    status: str
    url: str


def check(client: Client, *, shop: str, url: str) -> tuple[Finding, ...]:
    """Return what is wrong with the webhooks that are to go to `url`; nothing, if all is well."""
    hooks = _hooks(client, shop)
    findings: list[Finding] = []
    for topic in TOPICS:
        here = [hook for hook in hooks if hook.topic == topic and _same(hook.url, url)]
        if here:
            findings += _of_one(here)
            continue
        # By its name it is one of ours: of an address from before, or of another installation.
        away = [hook for hook in hooks if hook.name == name_of(shop, topic)]
        findings += [
            Finding(topic=topic, problem=Problem.ELSEWHERE, webhook=hook.id, url=_shown(hook.url))
            for hook in away
        ] or [Finding(topic=topic, problem=Problem.MISSING)]
    return tuple(findings)


def install(client: Writer, *, shop: str, url: str, secret: str, move: bool = False) -> tuple[Change, ...]:
    """Make the webhooks that are missing, and set those that are there: active, to `url`, with `secret`.

    May be repeated, also after it was cut off. With `move`, webhooks of ours that go elsewhere are made to go
    to `url`; without, they are left alone, since they may belong to another installation.
    """
    wrong = address.problem(url)
    if wrong:
        raise ConfigurationError(f"the address that webhooks are to go to: {wrong}")
    if not secret.strip():
        raise ConfigurationError("the webhooks need a secret: anybody can sign with an empty one")
    hooks = _hooks(client, shop)
    return tuple(
        _installed(client, hooks, shop, topic, {"delivery_url": url, "secret": secret}, move=move)
        for topic in TOPICS
    )


def reactivate(client: Writer, *, shop: str, url: str = "") -> tuple[Finding, ...]:
    """Return the webhooks of ours that are disabled, and make them active again; to be called now and then.

    What was not sent meanwhile never will be: a listing of what was modified finds it. Paused ones are
    reported only: somebody wants it so. Ours are those that go to `url`, or that `install` made.
    """
    findings: list[Finding] = []
    for hook in _hooks(client, shop):
        ours = hook.name == name_of(shop, hook.topic) or (bool(url) and _same(hook.url, url))
        if not ours or hook.status == _ACTIVE:
            continue
        disabled = hook.status == Problem.DISABLED
        if disabled:
            client.put(f"webhooks/{hook.id}", {"status": _ACTIVE})
        problem = Problem.DISABLED if disabled else Problem.PAUSED
        findings.append(Finding(topic=hook.topic, problem=problem, webhook=hook.id, mended=disabled))
    return tuple(findings)


def name_of(shop: str, topic: str) -> str:
    """Return the name by which a webhook is known in the shop's settings."""
    return f"aftercare {shop} {topic}"


def _of_one(hooks: list[_Hook]) -> list[Finding]:
    active = [hook for hook in hooks if hook.status == _ACTIVE]
    if not active:
        first = hooks[0]
        problem = Problem.PAUSED if first.status == Problem.PAUSED else Problem.DISABLED
        return [Finding(topic=first.topic, problem=problem, webhook=first.id)]
    return [Finding(topic=hook.topic, problem=Problem.TWICE, webhook=hook.id) for hook in active[1:]]


def _installed(
    client: Writer,
    hooks: list[_Hook],
    shop: str,
    topic: str,
    target: Mapping[str, str],
    *,
    move: bool,
) -> Change:
    url = target["delivery_url"]
    wanted = {"name": name_of(shop, topic), "status": _ACTIVE, **target}
    here = [hook for hook in hooks if hook.topic == topic and _same(hook.url, url)]
    if move and not here:
        here = [hook for hook in hooks if hook.name == name_of(shop, topic)]
    if here:
        # The active one, if there is one: the others would only double it.
        chosen = min(here, key=lambda hook: (hook.status != _ACTIVE, hook.id))
        answer = client.put(f"webhooks/{chosen.id}", wanted)
        _made(answer, shop)
        return Change(topic=topic, deed=Deed.SET, webhook=chosen.id)
    # Not tried again by itself: it might be made twice. Who calls again finds what was made.
    number = _made(client.post("webhooks", {**wanted, "topic": topic}), shop)
    return Change(topic=topic, deed=Deed.MADE, webhook=number)


def _made(answer: Answer, shop: str) -> int:
    told = None if answer.status == 404 else parsed(answer, shop=shop, path="webhooks")  # noqa: PLR2004
    number = told.get("id") if isinstance(told, dict) else None
    if not isinstance(number, int):
        raise ConfigurationError(
            f"shop {shop!r}: WooCommerce made no webhook and said nothing of it; look at WooCommerce > "
            "Settings > Advanced > Webhooks"
        )
    return number


def _hooks(client: Client, shop: str) -> list[_Hook]:
    rows = every(client, "webhooks", {"orderby": "id", "order": "asc"}, shop=shop)
    return [hook for row in rows for hook in _hook(row)]


def _hook(row: Mapping[str, Any]) -> list[_Hook]:
    number = row.get("id")
    told = [row.get(name) for name in ("name", "topic", "status", "delivery_url")]
    if not isinstance(number, int) or not all(isinstance(each, str) for each in told):
        return []
    name, topic, status, url = map(str, told)
    return [_Hook(number, name, topic, status, url)]


def _same(one: str, other: str) -> bool:
    return address.site(one) == address.site(other)


def _shown(url: str) -> str:
    """Return an address without what may be a key in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.hostname}{parts.path}"
