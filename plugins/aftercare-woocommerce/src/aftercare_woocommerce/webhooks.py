"""The webhooks of a shop: which there must be, what is wrong with them, and how that is mended.

WooCommerce sends nothing twice, and disables a webhook after seven failures in a row without telling anybody.
Its API tells neither secrets nor failures: a webhook that fails looks healthy until it is disabled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from aftercare_sdk.errors import AftercareError, ConfigurationError
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
    "coupon.updated",
    "coupon.deleted",
    "coupon.restored",
)
"""What must be told. `order.deleted` is the trash; nothing is told of what is deleted for good.

Of coupons not how they are made: by us.
"""

_ACTIVE = "active"
_SILENT = ("disabled", "paused")


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

    `webhook` is its number in the shop, if there is one. `mended`: it was put right at once; if not, `detail`
    may tell why.
    """

    topic: str
    problem: Problem
    webhook: int | None = None
    url: str = ""
    mended: bool = False
    detail: str = ""

    def __str__(self) -> str:
        told = {
            Problem.MISSING: "there is none: what happens is not told",
            Problem.ELSEWHERE: f"webhook {self.webhook} goes to {self.url}",
            Problem.DISABLED: f"webhook {self.webhook} is disabled: the shop gave up after seven failures",
            Problem.PAUSED: f"webhook {self.webhook} is paused by somebody",
            Problem.TWICE: f"webhook {self.webhook} is one too many: everything is sent twice",
        }[self.problem]
        more = " (put right)" if self.mended else f"; {self.detail}" if self.detail else ""
        return f"{self.topic}: {told}{more}"


class Deed(StrEnum):
    """What was done with the webhook of a topic."""

    MADE = "made"
    SET = "set"
    PAUSED = "paused, as one too many"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A webhook that is there now, active and with the secret that was given; or paused beside such a one."""

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
    """Return what is wrong with the webhooks that are to go to `url`; nothing, if all is well.

    Raises ConfigurationError for a `url` that no webhook can go to.
    """
    _check_url(url)
    hooks = _hooks(client, shop)
    findings: list[Finding] = []
    for topic in TOPICS:
        here = [hook for hook in hooks if hook.topic == topic and same(hook.url, url)]
        # Beside one that is here, a paused one elsewhere does nothing, and is so by somebody's will.
        away = [
            Finding(topic=topic, problem=Problem.ELSEWHERE, webhook=hook.id, url=_shown(hook.url))
            for hook in _away(hooks, shop, topic, url)
            if not here or hook.status != Problem.PAUSED
        ]
        findings += _of_one(here) if here else []
        findings += away if here or away else [Finding(topic=topic, problem=Problem.MISSING)]
    return tuple(findings)


def install(client: Writer, *, shop: str, url: str, secret: str, move: bool = False) -> tuple[Change, ...]:
    """Make the webhooks that are missing, and set those that are there: active, to `url`, with `secret`.

    May be repeated, also after it was cut off. Of several that go to `url` one stays active. With `move`,
    webhooks of ours that go elsewhere are made to go to `url`, or paused if one does already; without, they
    are left alone, since they may belong to another installation.
    """
    _check_url(url)
    if not secret.strip():
        raise ConfigurationError("the webhooks need a secret: anybody can sign with an empty one")
    hooks = _hooks(client, shop)
    return tuple(
        change
        for topic in TOPICS
        for change in _installed(
            client, hooks, shop, topic, {"delivery_url": url, "secret": secret}, move=move
        )
    )


def reactivate(client: Writer, *, shop: str, url: str = "") -> tuple[Finding, ...]:
    """Return the webhooks of ours that do not send, and make disabled ones active again; now and then.

    What was not sent meanwhile never will be: a listing of what was modified finds it. Paused ones are
    reported only: somebody wants it so. Ours are those that go to `url`, whatever they are called. Without
    `url`, those that have our name, or that go to `/webhooks/<shop>` of some server, are reported only: they
    may be of an address that was mistyped or given up, or another installation's.
    """
    hooks = _hooks(client, shop)
    if not url:
        return tuple(_silent(hooks, shop))
    _check_url(url)
    findings: list[Finding] = []
    for topic in TOPICS:
        here = [hook for hook in hooks if hook.topic == topic and same(hook.url, url)]
        # One that sends is enough: with another everything would come twice.
        if here and all(hook.status in _SILENT for hook in here):
            asleep = min(here, key=lambda hook: (hook.status == Problem.PAUSED, hook.id))
            findings.append(_awake(client, asleep))
    return tuple(findings)


def unusual(url: str, *, shop: str) -> str:
    """Say that an address does not name the shop, as that of its webhooks should; nothing, if it does."""
    wanted = f"/webhooks/{shop}"
    try:
        fits = urlsplit(url.strip()).path.rstrip("/").endswith(wanted)
    except ValueError:
        fits = False
    if fits:
        return ""
    return (
        f"{_shown(url)} does not end in {wanted}: unless a proxy of yours sees to it, what the shop sends "
        "there is answered 404, and after seven times the shop stops sending"
    )


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


def _away(hooks: list[_Hook], shop: str, topic: str, url: str) -> list[_Hook]:
    """Return those that are ours by their name, of an address from before or of another installation."""
    named = [hook for hook in hooks if hook.topic == topic and hook.name == name_of(shop, topic)]
    return [hook for hook in named if not same(hook.url, url)]


def _silent(hooks: list[_Hook], shop: str) -> Iterator[Finding]:
    """Give those that seem to be ours and do not send, except beside one that sends the same."""
    ours = [
        hook for hook in hooks if hook.name == name_of(shop, hook.topic) or not unusual(hook.url, shop=shop)
    ]
    active = [hook for hook in ours if hook.status == _ACTIVE]
    for hook in ours:
        beside = [other for other in active if other.topic == hook.topic]
        if hook.status == Problem.PAUSED and not beside:
            yield Finding(topic=hook.topic, problem=Problem.PAUSED, webhook=hook.id)
        elif hook.status == Problem.DISABLED and not any(same(other.url, hook.url) for other in beside):
            yield Finding(
                topic=hook.topic,
                problem=Problem.DISABLED,
                webhook=hook.id,
                detail=f"it goes to {_shown(hook.url)}; set webhooks_url under [shops.{shop}] to where "
                "webhooks are to go to, and those are switched on again",
            )


def _awake(client: Writer, hook: _Hook) -> Finding:
    """Make a disabled webhook active, and say what was amiss; whatever goes wrong, others come next."""
    if hook.status == Problem.PAUSED:
        return Finding(topic=hook.topic, problem=Problem.PAUSED, webhook=hook.id)
    why = ""
    try:
        answer = client.put(f"webhooks/{hook.id}", {"status": _ACTIVE})
        if answer.status == 404:  # noqa: PLR2004
            why = "it is gone"
    except AftercareError as error:
        why = str(error)
    return Finding(
        topic=hook.topic,
        problem=Problem.DISABLED,
        webhook=hook.id,
        mended=not why,
        detail=f"it could not be switched on again: {why}" if why else "",
    )


def _installed(
    client: Writer,
    hooks: list[_Hook],
    shop: str,
    topic: str,
    target: Mapping[str, str],
    *,
    move: bool,
) -> list[Change]:
    url = target["delivery_url"]
    wanted = {"name": name_of(shop, topic), "status": _ACTIVE, **target}
    here = [hook for hook in hooks if hook.topic == topic and same(hook.url, url)]
    away = _away(hooks, shop, topic, url) if move else []
    if not here and not away:
        # Not tried again by itself: it might be made twice. Who calls again finds what was made.
        number = _made(client.post("webhooks", {**wanted, "topic": topic}), shop)
        return [Change(topic=topic, deed=Deed.MADE, webhook=number)]
    # The active one, if there is one: the others would only double it.
    chosen = min(here or away, key=lambda hook: (hook.status != _ACTIVE, hook.id))
    _made(client.put(f"webhooks/{chosen.id}", wanted), shop)
    changes = [Change(topic=topic, deed=Deed.SET, webhook=chosen.id)]
    for hook in (*here, *away):
        if hook is not chosen and hook.status != Problem.PAUSED:
            # Not deleted: nobody can bring a webhook back.
            client.put(f"webhooks/{hook.id}", {"status": Problem.PAUSED.value})
            changes.append(Change(topic=topic, deed=Deed.PAUSED, webhook=hook.id))
    return changes


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


def _check_url(url: str) -> None:
    wrong = address.target_problem(url)
    if wrong:
        raise ConfigurationError(f"the address that webhooks are to go to: {wrong}")


def same(one: str, other: str) -> bool:
    """Tell whether two addresses are one, however they are spelled."""
    try:
        return address.site(one) == address.site(other)
    except ValueError:
        # Another plugin of the shop may have put anything there.
        return False


def _shown(url: str) -> str:
    """Return an address without what may be a key in it."""
    try:
        parts = urlsplit(address.site(url))
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
