"""A real engine for one program under test: a database of its own, a virtual clock, and two shops."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, NoReturn, Self
from zoneinfo import ZoneInfo

from aftercare_sdk.engine.actions import Applied
from aftercare_sdk.engine.app import Aftercare
from aftercare_sdk.engine.brand import builtin_plugins
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.engine.erasing import erase, search
from aftercare_sdk.errors import AftercareError, Bug, SettingsError
from aftercare_sdk.hookspecs import AftercareHooks, hookimpl
from aftercare_sdk.model.actions import Action, SendMessage
from aftercare_sdk.model.commands import Receipt, ShopCommand
from aftercare_sdk.model.messages import Accepted, ChannelType, OutgoingMessage, SendResult, Template
from aftercare_sdk.model.orders import (
    Amounts,
    Order,
    OrderSnapshot,
    RefundSnapshot,
)
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.shops import AdapterType, RawRequest, ShopAdapter, Snapshot, Webhook
from aftercare_sdk.model.versions import Version
from aftercare_sdk.outreach.variables import message_variables
from aftercare_sdk.store import balances, lots, memory, messages, objects, people, units
from aftercare_sdk.store.balances import Balance
from aftercare_sdk.store.events import Known
from aftercare_sdk.store.messages import Message
from aftercare_sdk.store.units import Trouble, Unit
from aftercare_sdk.testing.given import failed
from aftercare_sdk.testing.private import CONTACT
from aftercare_sdk.testing.programs.world import SECOND_SHOP, Sample

_ZONE = "Asia/Tokyo"
_LINK = "https://aftercare.example/c/sample"
_NEVER = timedelta(days=365)
_MANY = 100_000


class _Teller(ShopAdapter):
    """A shop whose webhooks are numbers of pictures that it was given."""

    def __init__(self, pictures: Sequence[Snapshot]) -> None:
        self._pictures = pictures

    def verify(self, request: RawRequest) -> Webhook:
        return Webhook(topic="told", body=request.body)

    def translate(self, webhook: Webhook) -> Iterable[Snapshot]:
        return [self._pictures[int(webhook.body)]]

    def perform(self, command: ShopCommand) -> Receipt:
        return Receipt(reference=command.key[:20])


class _Outbox:
    """A channel that takes everything and keeps nothing: what has left stands in the database."""

    def send(self, message: OutgoingMessage) -> SendResult:
        return Accepted(message.id)

    def close(self) -> None:
        """Hold nothing open."""


class _Fittings(AftercareHooks):
    """What the program under test needs around it."""

    def __init__(self, pictures: Sequence[Snapshot], templates: Sequence[Template]) -> None:
        self._pictures = pictures
        self._templates = templates

    @hookimpl
    def register_adapters(self) -> Iterable[AdapterType]:
        return [AdapterType(name="contract", build=lambda _: _Teller(self._pictures))]

    @hookimpl
    def register_channels(self) -> Iterable[ChannelType]:
        return [ChannelType(name="contract", build=lambda _: _Outbox())]

    @hookimpl
    def register_templates(self) -> Iterable[Template]:
        return self._templates


class Stage:
    """Lets pictures of orders be told and time pass; says what came of it. Used in a `with` statement.

    `hears`: the program is told of what happens, also of what lies before it was there.
    """

    def __init__(
        self,
        *,
        name: str,
        plugin: object,
        section: Mapping[str, Any],
        shop: str,
        channels: Collection[str],
        templates: Sequence[Template],
        url: str,
        at: datetime,
        hears: bool = True,
    ) -> None:
        # A plugin of the SDK stands back for the one under test, which may be another of its class.
        own = {source.name for source in builtin_plugins()}
        self.name = f"{name}-under-test" if name in own else name
        self._clock = VirtualClock(at)
        self._pictures: list[Snapshot] = []
        told = {"backfill": True} if hears else {"starts_at": at + _NEVER}
        configuration: dict[str, Any] = {
            "brand": {"name": "Program contract", "locale": "ja", "country": "JP", "zone": _ZONE},
            "database": {"url": url},
            "shops": {
                each: {"adapter": "contract", "secrets": [], "sync": False, "assume_delivered": False}
                for each in (shop, SECOND_SHOP)
            },
            "channels": {each: {"kind": "contract", "sender": "hello@shop.example"} for each in channels},
            "plugins": {self.name: {**section, **told}, "disabled": [name] if name in own else []},
        }
        try:
            self._aftercare = Aftercare(
                configuration,
                clock=self._clock,
                plugins={self.name: plugin, "program-contract": _Fittings(self._pictures, templates)},
                environ={},
            )
        except SettingsError as error:
            failed("the program cannot be used with what is given:\n  " + "\n  ".join(error.problems))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._aftercare.close()

    @property
    def now(self) -> datetime:
        """Where the clock stands."""
        return self._clock.now()

    @property
    def templates(self) -> Collection[tuple[str, str]]:
        """Name and language of every template that there is."""
        return self._aftercare.brand.plugins.parts.templates.keys()

    def tell(self, picture: Snapshot) -> None:
        """Let a shop tell something."""
        self._pictures.append(picture)
        request = RawRequest(headers={}, body=str(len(self._pictures) - 1).encode())
        self._aftercare.receive(picture.shop, request)

    def process(self) -> None:
        """Process what was told, and do what is due now."""
        self._aftercare.process()
        self._aftercare.run_due()

    def run(self, until: datetime) -> None:
        """Let time pass, and do all that is due until then, or until the program fails."""
        self.process()
        while not self.troubles() and (due := self._aftercare.next_due()) is not None and due <= until:
            self._clock.move(due)
            self.process()
        self._clock.move(until)

    def erase(self, order: Order) -> None:
        """Erase whoever has placed an order."""
        key = (order.shop, "order", order.id)
        with self._aftercare.brand.database.read() as connection:
            identity = objects.get_many(connection, [key])[key].identity
        if identity is None:
            raise Bug("an order of the contract names its customer")
        erase(self._aftercare.brand, [identity], reason="the contract", actor="contract")

    def places(self, words: Collection[str]) -> Collection[str]:
        """Return where in the database any of some words stands, as `table.column`."""
        return search(self._aftercare.brand, words).keys()

    def messages(self) -> list[Message]:
        """Return all messages of the program."""
        with self._aftercare.brand.database.read() as connection:
            return [one for one in messages.everything(connection) if one.plugin == self.name]

    def troubles(self) -> list[Trouble]:
        """Return where the program has failed."""
        with self._aftercare.brand.database.read() as connection:
            return [one for one in units.troubled(connection, _MANY) if one.plugin == self.name]

    def held(self, orders: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[Balance, str | None]]:
        """Return what the customers of orders have: points and tier, by shop and id of the order."""
        with self._aftercare.brand.database.read() as connection:
            keys = {(shop, "order", number) for shop, number in orders}
            owners = {
                (key[0], key[2]): stored.identity
                for key, stored in objects.get_many(connection, keys).items()
                if stored.identity is not None
            }
            customers = people.customers_of(connection, owners.values())
            persons = people.identities_of(connection, customers.values())
            found = {}
            for order, identity in owners.items():
                several = persons[customers[identity]]
                noted = memory.of_identities(connection, several)
                tiers = [
                    one
                    for (plugin, _), notes in noted.items()
                    for one in notes
                    if plugin == memory.ENGINE and one.name == memory.TIER
                ]
                latest = max(tiers, key=lambda one: one.seq, default=None)
                found[order] = (
                    balances.of_person(connection, several),
                    latest.value or None if latest else None,
                )
            return found

    def awarded(self) -> bool:
        """Tell whether anybody has ever got points."""
        with self._aftercare.brand.database.read() as connection:
            return any(award.points for page in lots.pages(connection) for award in page)

    def compose(self, message: SendMessage, language: str, order: Order) -> None:
        """Write a message in a language. Raises what the engine meets then."""
        brand = self._aftercare.brand
        brand.composer.compose(
            message.template,
            language,
            message_variables(
                contact=CONTACT,
                shop=brand.card(order.shop),
                order=order,
                data=message.data,
                zone=ZoneInfo(_ZONE),
                links={"redeem": _LINK} if message.data.get("reward") else {},
            ),
            shop_locale=language,
        )

    def try_out(self, sample: Sample, actions: Sequence[Action]) -> str:
        """Carry out an answer, and undo it; return what was wrong with it."""
        try:
            with suppress(_Undone):
                self._carry_out(sample, actions)
        except Bug as problem:
            return str(problem)
        except AftercareError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever an answer does to the database
            return f"the database does not take it: {type(error).__name__}"
        return ""

    def _carry_out(self, sample: Sample, actions: Sequence[Action]) -> NoReturn:
        brand, event = self._aftercare.brand, sample.event
        kind, number = sample.about
        with brand.database.write() as connection:
            owned = [one for one in objects.everything(connection) if one.identity is not None]
            owners = {one.record.id: one.identity for one in owned}
            known = Known(
                event=event,
                seq=1,
                object_kind=kind,
                object=number,
                identity=(owners.get(number) if kind == "order" else None) or owned[0].identity or 0,
                known_at=self.now,
            )
            unit = Unit(event=event.id, plugin=self.name, seq=1, customer=1, attempts=0)
            applied = Applied(brand=brand, connection=connection, now=self.now)
            applied.apply(unit, known, actions)
            applied.write()
            raise _Undone


class _Undone(Exception):
    """Ends a transaction of which nothing is to be kept."""


def picture(order: Order, email: str, modified: datetime) -> OrderSnapshot:
    """Draw an order as its shop would, complete, at a moment."""
    if order.total is None or order.shipping is None:
        raise ValueError("an order of the contract has amounts")
    return OrderSnapshot(
        shop=order.shop,
        id=order.id,
        version=Version(modified_at=modified),
        number=order.number,
        placed_at=order.placed_at,
        status=order.status,
        contact=Contact(email=email, family_name="金糸雀谷", given_name="ハナ", country=order.country),
        amounts=Amounts(total=order.total, shipping=order.shipping, lines=order.lines),
        gateway=order.gateway,
        codes=order.codes,
        country=order.country,
        locale=order.locale,
        needs_shipping=order.needs_shipping,
        purchased_at=order.purchased_at,
        cancelled=order.cancelled,
        cancelled_at=order.cancelled_at,
        shipments=order.shipments,
        deliveries=tuple(parcel for parcel in order.deliveries if not parcel.assumed),
        refunds=tuple(
            RefundSnapshot(id=refund.id, amount=refund.amount, lines=refund.lines, refunded_at=refund.at)
            for refund in order.refunds
        ),
    )
