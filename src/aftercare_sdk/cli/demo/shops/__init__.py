"""The shops that live in the demo: each served over real HTTP on this machine.

A kind of shop is a module here. It looks for its plugin only when it is opened, so a demo without that plugin
does without that shop. `living` tells them all the same story, each through `DemoShop`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from importlib.util import find_spec
from typing import Protocol

Post = Callable[[str, Mapping[str, str], bytes], int | None]
"""Makes a request of a shop: address, headers, body; returns the status of the answer."""


class Item(StrEnum):
    """What the demo's shops sell."""

    COFFEE = "coffee"
    TEA = "tea"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What an item is called and costs, in whole yen with 8 % of tax in it."""

    title: str
    sku: str
    price: int


OFFERS: Mapping[Item, Offer] = {
    Item.COFFEE: Offer(title="深煎りコーヒー豆 250g", sku="COFFEE-250", price=1_620),
    Item.TEA: Offer(title="有機ほうじ茶 100g", sku="TEA-100", price=880),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Somebody who buys. Nobody of them exists."""

    last_name: str
    first_name: str
    email: str

    @property
    def name(self) -> str:
        """The name, as it is written in Japan."""
        return f"{self.last_name} {self.first_name}"


HANAKO = Buyer(last_name="佐藤", first_name="花子", email="hanako@example.jp")
KEN = Buyer(last_name="鈴木", first_name="健", email="ken@example.jp")
MEI = Buyer(last_name="高橋", first_name="芽衣", email="mei@example.jp")
BUYERS = (HANAKO, KEN, MEI)


class Network(StrEnum):
    """What becomes of webhooks on their way."""

    GOOD = "good"
    TWICE = "twice"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a shop had to tell: how many webhooks, and the statuses of the answers to what was posted."""

    webhooks: int
    statuses: tuple[int | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """A discount code as the shop itself shows it when it is asked. `off`: such as `10%`."""

    code: str
    off: str
    expires_at: datetime | None
    used: int
    emails: tuple[str, ...] = field(repr=False)


class DemoShop(Protocol):
    """A shop that is open. Its clock stands still between calls of `wait_until`."""

    @property
    def name(self) -> str:
        """What aftercare.toml calls it."""

    @property
    def platform(self) -> str:
        """What kind of shop people know it as."""

    @property
    def settings(self) -> Mapping[str, object]:
        """Its table in aftercare.toml."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables of the environment that the table names."""

    def connect(self, url: str) -> int:
        """Have webhooks sent to `url`; return how many there are."""

    def wait_until(self, moment: datetime) -> None:
        """Move the shop's clock."""

    def buy(self, buyer: Buyer, item: Item, quantity: int, *, account: bool = False, code: str = "") -> str:
        """Buy something and pay, as a guest or with an account; return the id of the order."""

    def ship(self, order: str) -> None:
        """Hand a parcel over."""

    def cancel(self, order: str) -> None:
        """Cancel an order."""

    def delete(self, order: str) -> None:
        """Delete an order for good, as somebody does who tidies up: most shops do not tell of it."""

    def tell(self, network: Network) -> Sent:
        """Send the webhooks that wait, over a network that is good or not."""

    def coupons(self) -> tuple[Coupon, ...]:
        """Return what discount codes there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopKind:
    """A kind of shop that the demo can open. `open` gets the clock's time.

    It needs its plugin, and the `modules` beside it; `package` is what pip installs to have them all.
    """

    plugin: str
    platform: str
    package: str
    open: Callable[[datetime, Post], AbstractContextManager[DemoShop]]
    modules: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that installs what it needs."""
        return f'pip install "{self.package}"'

    def can_open(self, plugins: Collection[str]) -> bool:
        """Return whether all that it needs is installed; `plugins` are the names of those that are."""
        return self.plugin in plugins and all(find_spec(module) is not None for module in self.modules)


def kinds() -> tuple[ShopKind, ...]:
    """Return the kinds of shops in the demo, in the order in which they are connected."""
    from aftercare_sdk.cli.demo.shops import customshop, shopify, woocommerce

    return (woocommerce.KIND, shopify.KIND, customshop.KIND)


def served(stack: ExitStack, serve: Callable[[int], AbstractContextManager[str]], port: int) -> str:
    """Serve on a port, or on a free one if something else has it; return the address.

    Addresses stand in mails, which are to be the same every time.
    """
    try:
        return stack.enter_context(serve(port))
    except OSError:
        return stack.enter_context(serve(0))
