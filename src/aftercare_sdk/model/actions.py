"""What a hook may return: data that says what should happen. Nothing here performs anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from aftercare_sdk.model.commands import Discount
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.points.allocation import Rounding
from aftercare_sdk.model.points.expiry import Expiry
from aftercare_sdk.model.premises import Premise


class Purpose(StrEnum):
    """Why a message is sent; decides which rules apply to it."""

    TRANSACTIONAL = "transactional"
    SERVICE = "service"
    SURVEY = "survey"
    REVIEW_REQUEST = "review_request"
    MARKETING = "marketing"


class Scope(StrEnum):
    """How often an action with the same discriminator may happen: once per event, order or customer, or ever.

    What is done once ever (messages, rewards, points) needs a discriminator that says what it is about.
    """

    EVENT = "event"
    ORDER = "order"
    CUSTOMER = "customer"
    ONCE = "once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What all actions have. `reason` says in words why, in English; it is shown to operators.

    The key of an action is a hash of the plugin's name, the kind, the scope and the discriminator (if that is
    empty, the label of a message), so that the same decision taken twice is one action.
    """

    reason: str
    scope: Scope = Scope.EVENT
    discriminator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage(Action):
    """Send one message to the customer of the event.

    It becomes due `delay` after the fact `anchor` (an event id; by default the event at hand) and moves
    with that fact. Not sent within `window` after that moment, it is not sent at all; None means the
    default of the purpose (7 days, marketing 3). `label` groups the messages of one program for
    `NotSentWithin` and `CancelMessages`. `categories` are those of the products that it is about: a soft
    opt-in may be limited to some (LAW-13). `version` is what the program calls its own version of this step:
    marketing is approved by a person anew when it changes. Empty: the release of the plugin's distribution
    and its section count, as far as there are any.

    Messages of one `merge_group`, plugin, template and channel that are due to the same person leave as one:
    the template finds them all in `items`. Empty: it leaves alone.
    """

    template: str
    purpose: Purpose
    label: str
    channel: str = "email"
    anchor: str | None = None
    delay: timedelta = timedelta(0)
    window: timedelta | None = None
    premises: tuple[Premise, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    merge_group: str = ""
    categories: tuple[str, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelMessages(Action):
    """Cancel this plugin's messages that have not left, of `label` or of every label.

    Those about the event's order, or with scope CUSTOMER all of the customer.
    """

    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimer(Action):
    """Raise `TimerDue` for this plugin `delay` after the fact `anchor` (default: the event at hand).

    A timer is named per (plugin, subject, name) and set by the latest fact: setting it again moves it.
    The subject is the order of the event, or its customer with scope CUSTOMER.
    """

    name: str
    anchor: str | None = None
    delay: timedelta = timedelta(0)
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearTimer(Action):
    """Clear the timer `name` of the same subject, if it is set."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember(Action):
    """Keep `value` under `key` in this plugin's memory of the customer; None forgets it."""

    key: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantReward(Action):
    """Have the shop make a discount code that only this customer can use, once.

    It is made on the platform of the event's shop, in the currency of its amounts, and expires `valid_for`
    after the moment of the decision; None: never. `minimum` is what an order must come to, `products` those
    that the code is good for; empty: all. `label` names the reward, as that of a message.
    """

    label: str
    discount: Discount
    valid_for: timedelta | None = None
    minimum: Money | None = None
    products: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TagCustomer(Action):
    """Have the shop show `value` under `name` with the customer's account, such as a tier; None removes it.

    The latest word about a name counts. Without an account in the event's shop there is no place for it.
    """

    name: str
    value: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardPoints(Action):
    """Let the customer have points, in one lot; saying it again with the same key changes what it is worth.

    With `lines` they belong to an order (`order`, by default that of the event): points by id of its lines,
    `aftercare_sdk.points.SHIPPING` for its shipping. They follow it from then on: what is given back of a
    line takes its points back, by `rounding` in parts, a cancellation takes all, and an order that revives
    has them again. Of points that were spent and are not earned any more the first `write_off` are forgiven;
    the others are a debt. With `points` they depend on nothing. The scope of the first is ORDER, whatever is
    said.

    Until it was said once that they are `settled`, they are pending; then they can be spent until they expire
    by `expiry`; None: never. `terms` is for the plugin itself: it finds them in `ctx.points.awards`.
    """

    label: str
    points: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)
    order: str | None = None
    settled: bool = True
    expiry: Expiry | None = None
    rounding: Rounding = Rounding.DOWN
    write_off: int = 0
    terms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTier(Action):
    """Put the customer into a tier of the loyalty program; None: into none.

    If that is news, `TierChanged` is raised.
    """

    tier: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline(Action):
    """Say that nothing is planned under `label`, and why: operators read it in `aftercare why`.

    `reason` stands after "No <label>: " and has no full stop; `words` says the same in other languages, by
    their names, such as `ja`. Of `code` and `values` programs read more than of words; under
    `order_refunded` and `order_cancelled`, which speak of `order` and of `at`, an ISO 8601 time, operators
    read the words of the SDK. No personal data.
    """

    label: str
    code: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


ACTION_TYPES: tuple[type[Action], ...] = (
    SendMessage,
    CancelMessages,
    SetTimer,
    ClearTimer,
    Remember,
    GrantReward,
    TagCustomer,
    AwardPoints,
    ChangeTier,
    Decline,
)
