"""Shops of one brand that live: people buy, many webhooks are lost on their way, and nothing stays lost.

The shops are made for this; the rest is what a shop runs: webhooks made and sent over HTTP, listings and
coupons over the shop's own API, mails over SMTP. Only the clock is virtual. What the report tells is read
from the engine's books and from the shops afterwards, not from this script.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import requests

from aftercare_sdk.cli.demo.program import Regulars
from aftercare_sdk.cli.demo.shops import (
    HANAKO,
    KEN,
    MEI,
    OFFERS,
    Buyer,
    Coupon,
    DemoShop,
    Item,
    Network,
    Sent,
    ShopKind,
)
from aftercare_sdk.cli.demo.story import SENDER, SHOP_NAME, ZONE, Story, collect, mail_settings, no_answer
from aftercare_sdk.engine.app import Aftercare
from aftercare_sdk.engine.clock import VirtualClock
from aftercare_sdk.engine.recovered import Recovered, recovered
from aftercare_sdk.errors import Bug
from aftercare_sdk.plugins import PluginSource, find_plugins
from aftercare_sdk.store import commands, control, journal, messages, reads, timers, units
from aftercare_sdk.store.commands import Command
from aftercare_sdk.web.app import make_app
from aftercare_sdk.web.devmail.trap import MailTrap
from aftercare_sdk.web.serve import Endpoint, readiness

if TYPE_CHECKING:
    from aftercare_sdk.store.database import Database

BEGINS_AT = datetime(2026, 6, 1, 9, 0, tzinfo=ZoneInfo(ZONE))
CODES = "secret.codes"
"""Of what discount codes are made: random in every database, and always the same in the demo's."""

_PATIENCE = 20.0
_TAKEN_IN = frozenset({200, 202})
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Act(StrEnum):
    """What happens to an order."""

    BUY = "buy"
    SHIP = "ship"
    CANCEL = "cancel"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Something that happens in a shop, so long after the beginning, and what becomes of its webhooks.

    `shop` counts from 0; where there are fewer, it begins anew with the first. An order goes by a `name` of
    the script. `account`: it is bought with an account, else as a guest. `with_code`: with a discount code of
    that shop, if there is one.
    """

    after: timedelta
    act: Act
    name: str
    network: Network
    shop: int = 0
    buyer: Buyer | None = None
    item: Item = Item.COFFEE
    quantity: int = 1
    account: bool = False
    with_code: bool = False


SCENES: tuple[Scene, ...] = (
    # Twice, and in another order.
    Scene(
        after=1 * _HOUR, act=Act.BUY, name="A", network=Network.TWICE, buyer=HANAKO, quantity=2, account=True
    ),
    # Nobody hears of it, and he is thanked an hour later all the same.
    Scene(after=80 * _MINUTE, act=Act.BUY, name="B", network=Network.LOST, shop=1, buyer=KEN, item=Item.TEA),
    # Nobody hears of the cancellation, and she is not thanked.
    Scene(after=4 * _HOUR, act=Act.BUY, name="C", network=Network.GOOD, shop=2, buyer=MEI),
    Scene(after=4 * _HOUR + 20 * _MINUTE, act=Act.CANCEL, name="C", network=Network.LOST, shop=2),
    # Help with what arrived is counted from here.
    Scene(after=_DAY + 1 * _HOUR, act=Act.SHIP, name="A", network=Network.GOOD),
    Scene(after=_DAY + 2 * _HOUR, act=Act.SHIP, name="B", network=Network.LOST, shop=1),
    # A guest with her address: her second purchase earns a code, which the last one uses.
    Scene(
        after=8 * _DAY + 1 * _HOUR,
        act=Act.BUY,
        name="D",
        network=Network.LOST,
        shop=1,
        buyer=HANAKO,
        item=Item.TEA,
    ),
    # Hours later, in another shop: she is the same person there, and has just been thanked.
    Scene(after=8 * _DAY + 4 * _HOUR, act=Act.BUY, name="E", network=Network.GOOD, shop=2, buyer=HANAKO),
    Scene(after=9 * _DAY, act=Act.DELETE, name="C", network=Network.GOOD, shop=2),
    Scene(
        after=10 * _DAY + 1 * _HOUR,
        act=Act.BUY,
        name="F",
        network=Network.GOOD,
        shop=1,
        buyer=HANAKO,
        quantity=3,
        with_code=True,
    ),
)
LISTED_AFTER = 15 * _MINUTE
"""So long after each scene the shops are listed, at the latest: a server does it as often."""
AFTERWARDS = 14 * _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A scene as it went: what happened to which order, and what was sent."""

    at: datetime
    shop: str
    act: Act
    order: str
    network: Network
    sent: Sent
    buyer: str = field(default="", repr=False)
    bought: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What listings found at one moment."""

    at: datetime
    objects: tuple[Recovered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A shop that took part: how many webhooks were made in it, and what it says of its discount codes."""

    name: str
    platform: str
    webhooks: int
    coupons: tuple[Coupon, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Living:
    """Everything that is left when the shops have closed."""

    story: Story
    shops: tuple[Opened, ...]
    happened: tuple[Happened, ...]
    found: tuple[Found, ...]
    rewards: tuple[Command, ...]


def live(
    kinds: Sequence[ShopKind],
    folder: Path,
    *,
    progress: Callable[[int], None] | None = None,
    good: bool = False,
) -> Living:
    """Let shops of these kinds live, with the database in `folder`; what is started here is stopped here.

    `progress` is told how many scenes are over. `good`: nothing is lost or sent twice, for comparison.
    """
    clock = VirtualClock(BEGINS_AT)
    # Ended in reverse: the door, the engine with its SMTP connection, the shops, the client, the trap.
    with ExitStack() as started:
        trap = started.enter_context(MailTrap())
        session = started.enter_context(requests.Session())
        session.trust_env = False  # a proxy that this machine uses has no part in what happens on loopback
        shops = [started.enter_context(kind.open(clock.now(), _poster(session))) for kind in kinds]
        aftercare = started.enter_context(
            Aftercare(
                _settings(folder, trap, shops),
                clock=clock,
                # Only what the demo is about: other installed plugins have work of their own.
                plugins=[
                    *(source for source in find_plugins() if source.name in {kind.plugin for kind in kinds}),
                    PluginSource(name=Regulars.name, obj=Regulars()),
                ],
                environ={name: value for shop in shops for name, value in shop.environ.items()},
            )
        )
        with aftercare.brand.database.write() as connection:
            control.put_setting(connection, CODES, "0" * 64)
        app = make_app(aftercare, lambda: readiness(aftercare, {}))
        endpoint = started.enter_context(Endpoint(app, "127.0.0.1", 0))
        made = {shop.name: shop.connect(f"{endpoint.url}/webhooks/{shop.name}") for shop in shops}
        world = _World(aftercare, clock, shops)
        world.pass_until(clock.now())
        happened: list[Happened] = []
        for scene in SCENES:
            world.pass_until(BEGINS_AT + scene.after)
            happened.append(world.play(scene, Network.GOOD if good else scene.network))
            world.pass_until(BEGINS_AT + scene.after + LISTED_AFTER)
            if progress is not None:
                progress(len(happened))
        last = clock.now()
        world.pass_until(BEGINS_AT + SCENES[-1].after + AFTERWARDS)
        story = collect(aftercare, trap, began_at=BEGINS_AT, last_webhook_at=last, customer=HANAKO.email)
        return Living(
            story=story,
            shops=tuple(
                Opened(
                    name=shop.name,
                    platform=shop.platform,
                    webhooks=made[shop.name],
                    coupons=shop.coupons(),
                )
                for shop in shops
            ),
            happened=tuple(happened),
            found=tuple(_found(aftercare.brand.database)),
            rewards=_rewards(aftercare.brand.database, story),
        )


class _World:
    """The engine and the shops, on one clock."""

    def __init__(self, aftercare: Aftercare, clock: VirtualClock, shops: Sequence[DemoShop]) -> None:
        self._aftercare = aftercare
        self._clock = clock
        self._shops = shops
        self._orders: dict[str, str] = {}

    def play(self, scene: Scene, network: Network) -> Happened:
        """Let a scene happen now."""
        shop = self._shops[scene.shop % len(self._shops)]
        code = next((coupon.code for coupon in shop.coupons() if scene.with_code), "")
        if scene.buyer is not None:
            self._orders[scene.name] = shop.buy(
                scene.buyer, scene.item, scene.quantity, account=scene.account, code=code
            )
        order = self._orders[scene.name]
        if scene.act is Act.SHIP:
            shop.ship(order)
        elif scene.act is Act.CANCEL:
            shop.cancel(order)
        elif scene.act is Act.DELETE:
            shop.delete(order)
        sent = shop.tell(network)
        if bad := [status for status in sent.statuses if status not in _TAKEN_IN]:
            raise Bug(f"a webhook of the demo's shop {shop.name!r} was answered {bad[0]}")
        self._aftercare.process()
        return Happened(
            at=self._clock.now(),
            shop=shop.name,
            act=scene.act,
            order=order,
            network=network,
            sent=sent,
            buyer=scene.buyer.name if scene.buyer else "",
            bought=f"{OFFERS[scene.item].title} × {scene.quantity}" if scene.buyer else "",
            code=code,
        )

    def pass_until(self, moment: datetime) -> None:
        """Let time pass, stopping wherever something is due.

        Not for every listing that is due: while nothing happens there is nothing to be found, so one at the
        end of a stretch does for all.
        """
        while (due := self._next_due()) is not None and due <= moment:
            self._stop_at(due)
        self._stop_at(moment)

    def _stop_at(self, moment: datetime) -> None:
        self._clock.move(moment)
        for shop in self._shops:
            shop.wait_until(self._clock.now())
        self._aftercare.process()
        self._aftercare.run_due()

    def _next_due(self) -> datetime | None:
        brand, now = self._aftercare.brand, self._clock.now()
        with brand.database.read() as connection:
            moments = (
                timers.next_due(connection, now),
                reads.next_due(connection, now),
                commands.next_due(connection, now),
                messages.next_due(connection, now),
                units.next_due(connection, brand.listening, now),
            )
        return min((moment for moment in moments if moment is not None), default=None)


def _poster(session: requests.Session) -> Callable[[str, Mapping[str, str], bytes], int | None]:
    def post(url: str, headers: Mapping[str, str], body: bytes) -> int | None:
        try:
            return session.post(url, data=body, headers=dict(headers), timeout=_PATIENCE).status_code
        except requests.RequestException as error:
            raise no_answer(url, "of a shop", error) from None

    return post


def _settings(folder: Path, trap: MailTrap, shops: Sequence[DemoShop]) -> dict[str, Any]:
    """Return what a shop would write into aftercare.toml."""
    return {
        "brand": {"name": SHOP_NAME, "locale": "ja", "country": "JP", "zone": ZONE},
        "database": {"url": f"sqlite:///{folder / 'living.db'}"},
        "shops": {shop.name: shop.settings for shop in shops},
        "channels": {"email": mail_settings(trap, SENDER)},
        "quiet_hours": {"email": "none"},  # what is shown is something else
        "plugins": {"flows": {"thank-you": {}, "how-to-use": {}}},
    }


def _found(database: Database) -> Iterator[Found]:
    """Yield what listings found, moment by moment, each as the books have it in the end."""
    with database.read() as connection:
        by_moment: dict[datetime, list[journal.Discovery]] = {}
        for row in reversed(journal.discoveries(connection)):
            by_moment.setdefault(row.received_at, []).append(row)
        for at, rows in by_moment.items():
            yield Found(at=at, objects=recovered(connection, rows))


def _rewards(database: Database, story: Story) -> tuple[Command, ...]:
    with database.read() as connection:
        return tuple(commands.of_identities(connection, {one.identity for one in story.messages}))
