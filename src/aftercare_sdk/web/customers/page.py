"""What customers see: one page with a heading, some facts and perhaps a button or a code, in their language.

HTML and CSS only, nothing from elsewhere (LAW-12), and readable without the CSS.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib.resources import files
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal
from liquid import Environment, StrictUndefined

from aftercare_sdk.engine.confirming import Confirmation, Stage
from aftercare_sdk.engine.links import Offer, Subscription
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.points.expiry import FOREVER
from aftercare_sdk.model.rewards import Reward, RewardState
from aftercare_sdk.outreach.sentences import language_of, say
from aftercare_sdk.store.redemptions import Redemption

_MOMENT = {"ja": "y年M月d日 H:mm", "en": "d MMMM y, H:mm"}
_LIST = {"ja": "、", "en": ", "}
_OVER = {
    RewardState.EXPIRED: "page.over.expired",
    RewardState.CANCELLED: "page.over.cancelled",
    RewardState.RETURNED: "page.over.returned",
    RewardState.FAILED: "page.over.failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What stands on a page. What is empty is left out; `facts` are names and values.

    `quote` is somebody's words, with what they are; `way` the code of what `url` leads to.
    """

    lang: str
    title: str
    lead: str
    quote: tuple[str, str] = ("", "")
    facts: tuple[tuple[str, str], ...] = ()
    code: str = ""
    button: str = ""
    notes: tuple[str, ...] = ()
    url: str = ""
    way: str = "page.shop"


class Pages:
    """Writes the pages of one brand."""

    def __init__(self, brand: str) -> None:
        self._brand = brand
        self._style = _resource("page.css")
        made = Environment(autoescape=True, undefined=StrictUndefined)
        self._template = made.from_string(_resource("page.html.liquid"))

    @property
    def policy(self) -> str:
        """What a browser may do with a page: use its own style, and send its form to where it is from."""
        style = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        return (
            f"default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        )

    def offer(self, offer: Offer) -> str:
        """Return the page of a reward: to be had, already had, or not to be had."""
        return self._render(_offered(offer) if offer.redeemed is None else _had(offer, offer.redeemed))

    def subscription(self, subscription: Subscription) -> str:
        """Return the page on which somebody refuses further messages, or has done so."""
        return self._render(_refused(subscription))

    def confirmation(self, confirmation: Confirmation) -> str:
        """Return the page on which somebody confirms what was filled in, or has done so, or is too late."""
        return self._render(_asked(confirmation))

    def missing(self, lang: str) -> str:
        """Return the answer to a link that leads nowhere. It tells nothing about anybody."""
        return self._render(_plain(lang, "page.missing"))

    def busy(self, lang: str) -> str:
        """Return the answer while the database cannot be used."""
        return self._render(_plain(lang, "page.busy"))

    def _render(self, page: Page) -> str:
        words = {"code": say("page.code", lang=page.lang), "way": say(page.way, lang=page.lang)}
        return self._template.render(**asdict(page), brand=self._brand, words=words, style=self._style)


@dataclass(frozen=True, slots=True)
class _Speaker:
    """Speaks to a customer: Japanese or English, amounts and times as they are written there."""

    locale: str
    zone: ZoneInfo

    @property
    def lang(self) -> str:
        return language_of(self.locale)

    def say(self, code: str, **values: str) -> str:
        return say(code, values, self.lang)

    def points(self, number: int) -> str:
        code = "page.points.one" if number == 1 else "page.points.number"
        return self.say(code, points=format_decimal(number, locale=self.lang))

    def money(self, amount: Money) -> str:
        # In Japanese prose yen follow the number: 500円.
        if self.lang == "ja" and amount.currency == "JPY":
            return format_currency(amount.amount, "JPY", locale="ja", format_type="name")
        return format_currency(amount.amount, amount.currency, locale=self.lang)

    def moment(self, at: datetime) -> str:
        return format_datetime(at, _MOMENT[self.lang], tzinfo=self.zone, locale=self.lang)

    def reward(self, reward: Reward) -> str:
        discount = reward.discount
        if discount is None:
            return self.say("page.reward.tag", tag=reward.tag or "")
        if discount.amount is not None:
            return self.say("page.reward.amount", amount=self.money(discount.amount))
        if discount.percent is not None:
            percent = format_decimal(discount.percent, locale=self.lang)
            return self.say("page.reward.percent", percent=percent)
        return self.say("page.reward.free_shipping")

    def terms(self, reward: Reward, products: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Yield what the reward is and what it is good for."""
        yield self.say("page.reward"), self.reward(reward)
        if reward.products:
            named = _LIST[self.lang].join(products) or self.say("page.products.unnamed")
            yield self.say("page.products"), named
        if reward.minimum is not None:
            minimum = self.say("page.minimum.order", amount=self.money(reward.minimum))
            yield self.say("page.minimum"), minimum

    def period(self, period: timedelta) -> tuple[str, str]:
        length = str(int(period.total_seconds()))
        return self.say("page.valid"), self.say("page.valid.for", period=length)


def _offered(offer: Offer) -> Page:
    speaker = _Speaker(offer.locale, offer.zone)
    say_, reward = speaker.say, offer.reward
    made = partial(Page, lang=speaker.lang, url=_web(offer.url))
    if reward is None:
        return made(title=say_("page.gone.title"), lead=say_("page.gone.lead"))
    facts = [
        *speaker.terms(reward, offer.products),
        *([speaker.period(reward.valid_for)] if reward.valid_for is not None else []),
        (say_("page.cost"), speaker.points(reward.cost)),
        (say_("page.points"), speaker.points(offer.points)),
    ]
    if reward.tag is not None and not offer.has_account:
        return made(title=say_("page.account.title"), lead=say_("page.account.lead"), facts=tuple(facts))
    missing = reward.cost - offer.points
    if missing > 0:
        lead = say_("page.few.lead", missing=speaker.points(missing))
        return made(
            title=say_("page.few.title"), lead=lead, facts=tuple(facts), notes=(say_("page.few.unused"),)
        )
    facts.append((say_("page.points.left"), speaker.points(-missing)))
    return made(
        title=say_("page.redeem.title"),
        lead=say_("page.redeem.lead"),
        facts=tuple(facts),
        button=say_("page.redeem.button", points=speaker.points(reward.cost)),
        notes=(say_("page.redeem.once"),),
    )


def _had(offer: Offer, redeemed: Redemption) -> Page:
    speaker = _Speaker(offer.locale, offer.zone)
    say_, reward = speaker.say, redeemed.reward
    facts = list(speaker.terms(reward, offer.products))
    made = partial(Page, lang=speaker.lang, url=_web(offer.url))
    if redeemed.state in _OVER:
        back = () if redeemed.spent else (say_("page.over.points_back"),)
        lead = say_(_OVER[redeemed.state])
        return made(title=say_("page.over.title"), lead=lead, facts=tuple(facts), notes=back)
    if reward.tag is not None:
        return made(title=say_("page.done.tag_title"), lead=say_("page.done.tag"), facts=tuple(facts))
    if redeemed.state is RewardState.USED:
        return made(title=say_("page.used.title"), lead=say_("page.used.lead"), facts=tuple(facts))
    if redeemed.expires_at != FOREVER:
        facts.append((say_("page.valid.until"), speaker.moment(redeemed.expires_at)))
    facts.append((say_("page.points"), speaker.points(offer.points)))
    soon = (say_("page.done.soon"),) if redeemed.state is RewardState.ORDERED else ()
    return made(
        title=say_("page.done.title"),
        lead=say_("page.done.lead"),
        code=redeemed.code,
        facts=tuple(facts),
        notes=(*soon, say_("page.done.mine")),
    )


def _refused(subscription: Subscription) -> Page:
    lang = language_of(subscription.locale)
    part = "done" if subscription.refused else "ask"
    return Page(
        lang=lang,
        title=say(f"page.refuse.{part}.title", lang=lang),
        lead=say(f"page.refuse.{part}.lead", lang=lang),
        button="" if subscription.refused else say("page.refuse.button", lang=lang),
        notes=(say("page.refuse.still", lang=lang),),
        url=_web(subscription.url),
    )


def _asked(confirmation: Confirmation) -> Page:
    lang, stage = language_of(confirmation.locale), confirmation.stage.value
    is_open = confirmation.stage is Stage.OPEN
    ended = confirmation.stage is Stage.ENDED
    form = _web(confirmation.form_url) if ended else ""
    return Page(
        lang=lang,
        title=say(f"page.confirm.{stage}.title", lang=lang),
        lead=say(f"page.confirm.{stage}.lead", lang=lang),
        quote=("", "") if ended else (say("page.confirm.words", lang=lang), confirmation.words),
        button=say("page.confirm.button", lang=lang) if is_open else "",
        notes=() if ended else (say(f"page.confirm.{stage}.note", lang=lang),),
        url=form or _web(confirmation.url),
        way="page.confirm.form" if form else "page.shop",
    )


def _plain(lang: str, code: str) -> Page:
    language = language_of(lang)
    return Page(
        lang=language,
        title=say(f"{code}.title", lang=language),
        lead=say(f"{code}.lead", lang=language),
    )


def _web(url: str) -> str:
    """Return an address that a link may lead to: an adapter's option may hold anything."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.netloc else ""


def _resource(name: str) -> str:
    return (files("aftercare_sdk.web.customers") / name).read_text(encoding="utf-8")
