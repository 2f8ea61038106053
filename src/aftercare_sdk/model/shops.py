"""The contract between the engine and shop adapters, and the values that cross it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from aftercare_sdk.errors import CommandRefused, ConfigurationError
from aftercare_sdk.model import records
from aftercare_sdk.model.commands import Receipt, ShopCommand
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.orders import OrderLine
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.privacy import Disconnected, PrivacyRequest
from aftercare_sdk.model.sync import Cursor, Page, Stream


@dataclass(frozen=True, slots=True)
class RawRequest:
    """An HTTP request as it came in: exact bytes, headers in any spelling.

    `received_at` is aware. The engine sets it from its clock before an adapter sees the request, whatever an
    application put there; an adapter that bounds the age of a request measures by it, and refuses a request
    without it.
    """

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    path: str = ""
    received_at: datetime | None = None

    def header(self, name: str) -> str:
        """Return the header `name`, whatever its capitals, or an empty string."""
        wanted = name.lower()
        found = self.headers.get(wanted)  # servers hand them over in small letters
        if found is not None:
            return found
        return next((value for key, value in self.headers.items() if key.lower() == wanted), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A verified webhook.

    `delivery` is the vendor's id of this delivery, if any. `dated` says that the body carries the object's
    own modification time, so that a second copy of the same delivery tells nothing new and may be dropped.
    `hints` are the few headers that `translate` needs; they are stored, so no secrets.
    """

    topic: str
    body: bytes = field(repr=False)
    delivery: str = ""
    dated: bool = False
    hints: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ping:
    """A request that only asks whether somebody listens; answered 200 and not stored."""


@dataclass(frozen=True, slots=True)
class Ref:
    """The name of an object in one shop. `kind` is one of `records.KINDS`."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class NeedsRead:
    """The payload is ambiguous about `ref`: an authoritative read must settle it. `reason` in words."""

    ref: Ref
    reason: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """The payload tells nothing that is used here. `reason` in words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """An authoritative read found that the object no longer exists."""

    ref: Ref


Snapshot = records.Snapshot
Translation = Snapshot | NeedsRead | PrivacyRequest | Disconnected | Ignored
Reading = Snapshot | Gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One configured shop. `secrets` accepts several, for rotation; the first one signs."""

    name: str
    country: str = ""
    locale: str = "en"
    zone: str = "UTC"
    currency: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)


@runtime_checkable
class ShopAdapter(Protocol):
    """Turns what a shop platform says into snapshots, and commands into calls. One instance serves one shop.

    A class that inherits from it needs to write down only what its platform can do.
    """

    @property
    def streams(self) -> tuple[Stream, ...]:
        """What `changes` can list, as far as this shop is configured for it; nothing, if not overridden."""
        return ()

    @property
    def watched(self) -> frozenset[str]:
        """Kinds of objects of which the platform may change something without telling, and lists nothing.

        `code`: those that customers could still use are read once a day. Nothing, if not overridden.
        """
        return frozenset()

    def verify(self, request: RawRequest) -> Webhook | Ping:
        """Check the signature over the raw bytes, in constant time, with every secret.

        Raises SignatureError, and nothing else, for whatever is not signed by the shop.
        """

    def translate(self, webhook: Webhook) -> Iterable[Translation]:
        """Say what the webhook tells. Pure; the unknown is `Ignored`.

        Raises TranslationError for a body that cannot be understood: it is parked with that reason.
        """

    def read(self, refs: Iterable[Ref]) -> Iterable[Reading]:
        """Read objects from the shop, complete; each snapshot's version carries no `read_at` yet.

        Raises PlatformUnavailable when the shop cannot answer now, and ConfigurationError when it never
        will (no credentials, access denied).
        """
        raise ConfigurationError(f"{type(self).__name__} cannot read a shop; let every webhook tell all")

    def changes(self, since: Cursor) -> Iterable[Page]:
        """List one of `streams` from `since` on, page by page; each page is asked for when it is taken.

        What is modified while the listing goes on may come twice, and must not be missed. Raises as `read`.
        """
        raise ConfigurationError(f"{type(self).__name__} has no stream {since.stream!r}")

    def tend(self) -> Iterable[str]:
        """Look after the connection, and say in words what was amiss and what was mended; now and then.

        For what a platform does to a connection by itself, such as to switch webhooks off. Raises as `read`.
        """
        return ()

    def perform(self, command: ShopCommand) -> Receipt:
        """Carry out a command on the platform. To do it again changes nothing: a retry finds what is there.

        Raises CommandRefused when the platform will never do it, and otherwise as `read`.
        """
        raise CommandRefused(f"{type(self).__name__} cannot carry out {type(command).__name__}")


SAMPLE_KINDS = ("purchase", "shipment", "delivery", "refund", "cancellation")
"""The facts that `aftercare trigger` can have an adapter tell, as far as its platform knows them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOrder:
    """An order that nobody made, for `aftercare trigger`: what a sample must tell of it, and nothing else.

    `id` is digits only, so that it also serves platforms whose ids are whole numbers, and far above those of
    real orders. Amounts have the currency's decimals; what the lines' `paid` and `shipping` add up to is the
    `total`. `placed_at` is when it was bought and paid, `shipped_at` when it left, if that is known;
    `happened_at` is the time of the fact that is told now, `sent_at` the time of signing. All are aware.
    """

    id: str
    number: str
    placed_at: datetime
    happened_at: datetime
    sent_at: datetime
    contact: Contact = field(repr=False)
    currency: str
    lines: tuple[OrderLine, ...]
    shipping: Money
    shipped_at: datetime | None = None

    @property
    def total(self) -> Money:
        """Everything that the customer paid."""
        return sum((line.paid for line in self.lines), start=self.shipping)


Sample = Callable[[Shop, SampleOrder], RawRequest] | str
"""Builds the request with which the platform would tell a fact, signed with the shop's first secret.

Or, for a fact that the platform never tells, a sentence: why, and what to trigger instead. A builder is pure.
It raises ConfigurationError, with the cure, where the shop's own options leave no way to tell the fact.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterType:
    """A kind of shop that a plugin can connect; `name` is what `adapter = "…"` says in aftercare.toml.

    `options` is a marshmallow schema class for the shop's own settings. `samples` is for
    `aftercare trigger`: by fact (`SAMPLE_KINDS`), what makes the webhook that tells it.
    """

    name: str
    build: Callable[[Shop], ShopAdapter]
    options: type[Any] | None = None
    samples: Mapping[str, Sample] = field(default_factory=dict)
