"""The section `[plugins.loyalty]` of aftercare.toml.

[plugins.loyalty]
points = { JPY = "1 per 100", USD = "1 per 1.00" }  # required: how many points for which amount
points_on = "incl_tax"                  # or "excl_tax"
rounding = "down"                       # or "half_up", "up": once for each order
return_period = "14 days"               # after the delivery; until then points are pending
exclude = ["gift_cards", "shipping"]    # what earns nothing; also "sale_items"
minimum_order = { JPY = 1000 }          # smaller orders earn nothing
cap_per_order = 1000                    # points for the amount of one order, at most
cap_per_month = 5000                    # and for all orders placed in a month
first_order = 100                       # beside the amount; so are the next two
birthday = 200
review = 50                             # for writing one, once for each product, whatever its stars
unverified_reviews = false              # true: also for products that were not bought here
survey = 20                             # for answering one, whatever the answer
referral = 500                          # for sending a friend who buys, and
friend = 300                            # for being that friend
expires = "12 months"                   # or "31 March", or "12 months idle"; never, if it is not there
debt = "carry"                          # or write_off = 100: points spent before they were taken back
redeem_at = "own"                       # points are good in the brand's own shops, and
award = "all"                           # everybody earns by the same rules

[[plugins.loyalty.multipliers]]         # any number; of several that fit a line the largest counts
category = "tea"                        # or tag = "…", or product = "…" (its id, or its SKU)
times = "2"                             # or "1.5"

[plugins.loyalty.campaigns.spring]
start = 2026-04-01                      # for orders placed since then
end = 2026-05-01                        # and before
times = "2"
bonus = 50

[plugins.loyalty.tiers]
by = "spend"                            # or "points", "orders": within `months`
currency = "JPY"                        # of the spend
months = 12
keep_months = 12                        # a tier stays so long after it was last reached
downgrade = "earned"                    # or "one_step"
show_as = "tier"                        # show it under this name with the account on the platform
steps = { silver = { at = 30000, times = "1.25" }, gold = { at = 100000, times = "1.5" } }

[plugins.loyalty.rewards.five-hundred]
cost = 500                              # points
amount = { JPY = 500 }                  # or percent = 10, free_shipping = true, product, tag
valid_for = "90 days"
minimum = { JPY = 3000 }
returns_unused = true                   # points come back if the code expires unused
returns_refunded = true                 # and if the order that used it is given back

[plugins.loyalty.rewards.tea-cup]
cost = 3000
product = "1234"                        # a product for nothing: what it is `worth` comes off
worth = { JPY = 800 }

[plugins.loyalty.rewards.early-access]
cost = 1000
tag = "early-access"                    # the account gets this tag on the platform
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, pre_load, validate

from aftercare_sdk.model.commands import Discount
from aftercare_sdk.model.durations import parse_duration
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.points.allocation import Rounding
from aftercare_sdk.model.points.expiry import Expiry
from aftercare_sdk.model.rewards import Reward
from aftercare_sdk.programs.loyalty import law
from aftercare_sdk.programs.loyalty.rules import (
    Campaign,
    Downgrade,
    Excluded,
    Multiplier,
    Rules,
    Tier,
    TierBy,
    Tiers,
)

_MOST_POINTS = 10**9
_MOST_TIMES = 100
_RATE = re.compile(r"([0-9]{1,9}) per ([0-9]{1,12}(?:\.[0-9]{1,4})?)")
_CURRENCY = re.compile(r"[A-Z]{3}")
_MONTHS = re.compile(r"([0-9]{1,3}) months?( idle)?")
_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAY = re.compile(rf"([0-9]{{1,2}}) ({'|'.join(_NAMES)})")


def _reader(read: Callable[[Any], Any], **options: Any) -> fields.Function:
    """Return a field that `read` reads; its ValueError is what is told."""

    def load(value: Any) -> Any:
        try:
            return read(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None

    return fields.Function(deserialize=load, **options)


def _whole(most: int = _MOST_POINTS, least: int = 0) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"write a whole number from {least:,} to {most:,}")
        return value

    return read


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("write true or false")  # noqa: TRY004 - told to whoever wrote the file
    return value


def _line(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("write a text, in quotes")
    return value.strip()


def _duration(value: Any) -> timedelta:
    if not isinstance(value, str):
        raise ValueError('write a length of time with its unit, in quotes, such as "14 days"')  # noqa: TRY004 - as above
    return parse_duration(value)


def _times(value: Any) -> Fraction:
    told = str(value) if type(value) in {int, str} else ""
    try:
        times = Fraction(Decimal(told))
    except (ArithmeticError, ValueError):
        times = Fraction(-1)
    if not 0 <= times <= _MOST_TIMES:
        raise ValueError(f'write how many times as much, from 0 to {_MOST_TIMES}, in quotes, such as "1.5"')
    return times


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not value:
        raise ValueError('write a table by currency, such as { JPY = "…" }')
    for currency in value:
        if not _CURRENCY.fullmatch(str(currency)):
            raise ValueError(f"{currency!r} is no currency: write its three letters, such as JPY")
    return value


def _money(amount: Any, currency: str) -> Money:
    if type(amount) not in {int, str}:
        raise ValueError(f'write an amount of {currency}: a whole number, or in quotes, such as "9.50"')
    money = Money.parse(amount, currency)
    if money.minor < 0:
        raise ValueError("an amount cannot be below zero")
    return money


def _amounts(value: Any) -> Mapping[str, int]:
    return {currency: _money(amount, currency).minor for currency, amount in _table(value).items()}


def _one_amount(value: Any) -> Money:
    found = [_money(amount, currency) for currency, amount in _table(value).items()]
    if len(found) != 1:
        raise ValueError("name one currency: a code is made in one")
    return found[0]


def _rates(value: Any) -> Mapping[str, Fraction]:
    """Read points for one minor unit of each currency."""
    rates = {}
    for currency, told in _table(value).items():
        found = _RATE.fullmatch(told) if isinstance(told, str) else None
        amount = Money.parse(found[2], currency).minor if found else 0
        if found is None or not amount:
            raise ValueError(f'write points and an amount of {currency}, such as "1 per 100"')
        rates[currency] = Fraction(int(found[1]), amount)
    return rates


def _expiry(value: Any) -> Expiry:
    told = value if isinstance(value, str) else ""
    if (found := _MONTHS.fullmatch(told)) is not None:
        months = int(found[1])
        return Expiry(idle_months=months) if found[2] else Expiry(months=months)
    if (found := _DAY.fullmatch(told)) is not None:
        return Expiry(day=(_NAMES.index(found[2]) + 1, int(found[1])))
    raise ValueError('write "12 months", "31 March" or "12 months idle"')


def _moment(value: Any) -> date:
    if not isinstance(value, date):
        raise ValueError("write a date or a time, without quotes, such as 2026-04-01")  # noqa: TRY004 - as above
    return value


_NAME = fields.String(validate=validate.Length(min=1, max=100, error="a name has 1 to 100 characters"))


class _Strict(Schema):
    class Meta:
        unknown = RAISE


class _MultiplierSchema(_Strict):
    times = _reader(_times, required=True)
    product = _reader(_line)
    tag = _reader(_line)
    category = _reader(_line)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Multiplier:
        if len(data) != 2:  # noqa: PLR2004 - times, and one of the three
            raise ValidationError("name a product, a tag or a category: exactly one")
        return Multiplier(**data)


class _CampaignSchema(_Strict):
    start = _reader(_moment, required=True)
    end = _reader(_moment, required=True)
    times = _reader(_times)
    bonus = _reader(_whole())

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        start, end = data["start"], data["end"]
        alike = type(start) is type(end) and getattr(start, "tzinfo", None) is getattr(end, "tzinfo", None)
        both_zoned = all(getattr(each, "tzinfo", None) is not None for each in (start, end))
        if not (alike or both_zoned) or start >= end:
            raise ValidationError("must end after it starts; write both as dates, or both as times", "end")
        if not {"times", "bonus"} & data.keys():
            raise ValidationError("does nothing; say times, bonus or both", "times")
        return data


class _StepSchema(_Strict):
    at = fields.Raw(required=True)
    times = _reader(_times)


class _TiersSchema(_Strict):
    by = fields.Enum(TierBy, by_value=True, required=True)
    currency = _reader(_line)
    months = _reader(_whole(120, 1))
    keep_months = _reader(_whole(120, 1))
    downgrade = fields.Enum(Downgrade, by_value=True)
    show_as = _reader(_line)
    steps = fields.Dict(
        keys=_NAME,
        values=fields.Nested(_StepSchema),
        required=True,
        validate=validate.Length(min=1),
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Tiers:
        by, currency = data["by"], data.get("currency", "")
        if (by is TierBy.SPEND) != bool(currency):
            cure = 'add currency = "JPY"' if by is TierBy.SPEND else "remove it: only spend has a currency"
            raise ValidationError(cure, "currency")
        steps = []
        for name, step in data.pop("steps").items():
            try:
                at = _money(step["at"], currency).minor if by is TierBy.SPEND else _whole(least=1)(step["at"])
            except ValueError as error:
                raise ValidationError({"steps": {name: {"value": {"at": [str(error)]}}}}) from None
            steps.append(Tier(name=name, at=at, times=step.get("times", Fraction(1))))
        steps.sort(key=lambda step: step.at)
        if len({step.at for step in steps}) < len(steps) or steps[0].at <= 0:
            raise ValidationError("each tier needs a threshold of its own, above zero", "steps")
        return Tiers(steps=tuple(steps), **data)


class _RewardSchema(_Strict):
    cost = _reader(_whole(least=1), required=True)
    amount = _reader(_one_amount)
    percent = _reader(_times)
    free_shipping = _reader(_flag)
    product = _reader(_line)
    worth = _reader(_one_amount)
    tag = _reader(_line)
    valid_for = _reader(_duration)
    minimum = _reader(_one_amount)
    returns_unused = _reader(_flag)
    returns_refunded = _reader(_flag)


_KEPT = ("valid_for", "minimum", "returns_unused", "returns_refunded")
_WHAT = ("amount", "percent", "free_shipping", "product", "tag")


def _reward(name: str, told: Mapping[str, Any]) -> Reward:
    """Return a reward. Raises ValueError if it is not exactly one thing."""
    what = [key for key in _WHAT if told.get(key)]
    if len(what) != 1:
        raise ValueError(f"say what it is: exactly one of {', '.join(_WHAT)}")
    (kind,) = what
    if kind == "tag" and "valid_for" in told:
        raise ValueError("a tag stays until somebody takes it away: remove valid_for")
    if "valid_for" in told and not told["valid_for"]:
        raise ValueError("a code must be good for some time; or leave valid_for out, for one without end")
    if "minimum" in told and "amount" in told and told["minimum"].currency != told["amount"].currency:
        raise ValueError("amount and minimum are of one currency")
    if (kind == "product") != ("worth" in told):
        raise ValueError("a product needs its price, and only a product does: worth = { JPY = 800 }")
    discount = None
    match kind:
        case "amount":
            discount = Discount(amount=told["amount"])
        case "percent":
            discount = Discount(percent=Decimal(told["percent"].numerator) / told["percent"].denominator)
        case "free_shipping":
            discount = Discount(free_shipping=True)
        case "product":
            discount = Discount(amount=told["worth"])
    kept = {
        key: told[key]
        for key in ("valid_for", "minimum", "returns_unused", "returns_refunded")
        if key in told
    }
    return Reward(
        name=name,
        cost=told["cost"],
        discount=discount,
        tag=told.get("tag"),
        products=(told["product"],) if kind == "product" else (),
        **kept,
    )


class LoyaltySchema(Schema):
    """The section as one entry, `rules`; none at all, if it says nothing."""

    class Meta:
        unknown = RAISE

    points = _reader(_rates)
    points_on = fields.String(validate=validate.OneOf(["incl_tax", "excl_tax"]))
    rounding = fields.Enum(Rounding, by_value=True)
    return_period = _reader(_duration)
    longest_wait = _reader(_duration)
    excluded = fields.List(fields.Enum(Excluded, by_value=True), data_key="exclude")
    minimum_order = _reader(_amounts)
    cap_per_order = _reader(_whole())
    cap_per_month = _reader(_whole())
    first_order = _reader(_whole())
    birthday = _reader(_whole())
    review = _reader(_whole())
    unverified_reviews = _reader(_flag)
    survey = _reader(_whole())
    referral = _reader(_whole())
    friend = _reader(_whole())
    expires = _reader(_expiry)
    debt = fields.String(validate=validate.OneOf(["carry"]))
    write_off = _reader(_whole())
    redeem_at = fields.String()
    award = fields.String()
    multipliers = fields.List(fields.Nested(_MultiplierSchema))
    campaigns = fields.Dict(keys=_NAME, values=fields.Nested(_CampaignSchema))
    tiers = fields.Nested(_TiersSchema)
    rewards = fields.Dict(keys=_NAME, values=fields.Nested(_RewardSchema))

    @pre_load
    def _lawful(self, data: Any, **_: Any) -> Any:
        if isinstance(data, Mapping):
            law.refuse_sold_points(data)
            law.refuse_prizes(data)
            for bonus in ("review", "survey"):
                if isinstance(data.get(bonus), Mapping):
                    law.refuse_rewards_by_rating(data[bonus], bonus)
            law.refuse_rewards_by_rating(data, "review")
        return data

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        if not data:
            return {}
        if "points" not in data:
            raise ValidationError('missing; add points = { JPY = "1 per 100" }', "points")
        if "debt" in data and "write_off" in data:
            raise ValidationError(
                "stands beside debt; debts are carried, or written off up to a limit", "write_off"
            )
        return {"rules": _rules(data)}


def _rules(data: dict[str, Any]) -> Rules:
    rates = data.pop("points")
    for name in ("redeem_at", "award", "debt"):
        data.pop(name, None)
    told: dict[str, Any] = {
        "with_tax": data.pop("points_on", "incl_tax") == "incl_tax",
        "campaigns": tuple(
            Campaign(name=name, **each) for name, each in sorted(data.pop("campaigns", {}).items())
        ),
        "multipliers": tuple(data.pop("multipliers", ())),
        "expiry": data.pop("expires", None),
    }
    told["rewards"] = _rewards(data.pop("rewards", {}), rates, _most_times(told, data.get("tiers")))
    if "excluded" in data:
        told["exclude"] = frozenset(data.pop("excluded"))
    return Rules(rates=rates, **told, **data)


def _most_times(told: Mapping[str, Any], tiers: Tiers | None) -> Fraction:
    """Return how many times as much as by the rate one can earn at best."""
    best = Fraction(1)
    for several in (told["multipliers"], told["campaigns"], tiers.steps if tiers else ()):
        best *= max((each.times for each in several), default=Fraction(1))
    return max(best, Fraction(1))


def _rewards(
    told: Mapping[str, Mapping[str, Any]], rates: Mapping[str, Fraction], most: Fraction
) -> Mapping[str, Reward]:
    """Return rewards by name. `most`: how many times as much as by the rate one can earn at best."""
    rewards: dict[str, Reward] = {}
    problems: dict[str, Any] = {}
    for name, each in sorted(told.items()):
        try:
            rewards[name] = _reward(name, each)
        except ValueError as error:
            problems[name] = [str(error)]
            continue
        worth = each.get("worth")
        if worth is not None and worth.currency == "JPY" and rates.get("JPY"):
            problem = law.prize_problem(each["cost"], worth.minor, rates["JPY"] * most)
            if problem:
                problems[name] = {"value": {"worth": [problem]}}
    if problems:
        raise ValidationError({"rewards": problems})
    return rewards
