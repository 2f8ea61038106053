"""What happens in a simulated shop, in plain words: what the engine is told, and what the checker reads.

An instant is aware and in UTC. A picture says how an order or an account seems at `modified`; it may be told
late, twice, and after a newer one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPicture:
    """An order as its shop shows it. `account` is the number of the account that placed it; empty: a guest.

    `region` is a state. `refunds` are ids with amounts and instants. `erased`: it names nobody.
    """

    shop: str
    number: str
    modified: datetime
    placed: datetime
    email: str = ""
    name: str = ""
    account: str = ""
    country: str = ""
    region: str = ""
    locale: str = ""
    category: str = ""
    total: int = 5_000
    bought: datetime | None = None
    shipped: datetime | None = None
    delivered: datetime | None = None
    cancelled: datetime | None = None
    refunds: tuple[tuple[str, int, datetime], ...] = ()
    test: bool = False
    erased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPicture:
    """An account as its shop shows it."""

    shop: str
    number: str
    modified: datetime
    email: str = ""
    name: str = ""
    country: str = ""
    region: str = ""
    locale: str = ""
    zone: str = ""
    erased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPicture:
    """A review by a guest who may never have bought."""

    shop: str
    number: str
    modified: datetime
    email: str
    name: str
    country: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSays:
    """The consent of an account to offers by mail, as its platform keeps it. `state`: Shopify's, lower case.

    `own`: the platform knows that it was the person's own act.
    """

    shop: str
    account: str
    since: datetime
    state: str
    own: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Agrees:
    """Somebody ticks a box. It is an `account` of a `shop`, or an `email`; `purpose` empty: everything.

    `by` is who notes it. A soft opt-in names its `order` as `shop/order/1042`.
    """

    basis: str = "express"
    shop: str = ""
    account: str = ""
    email: str = ""
    purpose: str = ""
    by: str = "customer"
    until: datetime | None = None
    order: str = ""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """Somebody does not want to be written to; `purpose` empty: by nothing that is not part of a purchase."""

    shop: str = ""
    account: str = ""
    email: str = ""
    purpose: str = ""
    by: str = "customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complains:
    """A customer complains to the shop about an order."""

    shop: str
    order: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A mail provider says what became of a mail; `at` is when that was."""

    message: str
    email: str
    kind: str
    at: datetime
    reason: str = ""
    response: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneClick:
    """Somebody's mail program posts to the address in `List-Unsubscribe`."""

    url: str = field(repr=False)
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """The connection broke after the last byte of a mail: nobody can tell whether it arrived."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """Everything of a person is erased, by command: all that is known of them until then."""

    email: str


Fact = (
    OrderPicture
    | AccountPicture
    | ReviewPicture
    | PlatformSays
    | Agrees
    | Objects
    | Complains
    | Reported
    | OneClick
    | Unanswered
    | Erased
)


@dataclass(frozen=True, slots=True)
class Told:
    """A fact, and when the engine was told of it."""

    at: datetime
    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A mail as it left: its bytes, when, and how many facts of the history had been told by then."""

    at: datetime
    content: bytes = field(repr=False)
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One message of a program, as its author has written it. This is input: the checker judges by it.

    `on` is the kind of event. With `stands` it is not to be sent for an order that is cancelled or given back
    in full, with `unspoilt` for none of which anything was given back, with `apart` not twice in that time.
    `by_order`: its mails name an order, and not what has happened to it.
    """

    label: str
    purpose: str
    on: str
    delay: timedelta
    window: timedelta
    stands: bool = False
    unspoilt: bool = False
    apart: timedelta | None = None
    by_order: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What a shop has configured, as far as a rule asks for it."""

    country: str
    shops: dict[str, tuple[str, str]]
    """Country and zone of each shop."""
    legal: tuple[str, ...]
    """Name, address and contact of LAW-01."""
    public: str
    """How a link to refuse begins."""
    review_is_service: frozenset[str]
    """Countries in which an invitation to review was reclassified, with a reason on record."""
    steps: dict[str, Step] = field(default_factory=dict)
