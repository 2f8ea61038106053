"""`aftercare trigger`: a signed webhook of an order that nobody made, sent to the running server."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import now, open_brand, read_moment, read_settings
from aftercare_sdk.cli.trigger.orders import (
    BEFORE,
    NUMBER,
    ORDER_ID,
    PURCHASE,
    id_of,
    known_order,
    number_of,
    steps,
)
from aftercare_sdk.cli.trigger.posting import PATIENCE, build, post
from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from aftercare_sdk.config import Settings
    from aftercare_sdk.engine.brand import Brand, ConnectedShop
    from aftercare_sdk.model.shops import SampleOrder

_AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """One webhook that was sent, and how it was answered."""

    kind: str
    at: datetime
    status: int
    outcome: str


def trigger(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help="What happened: purchase, shipment, delivery, refund or cancellation, as far as this kind "
            "of shop tells it.",
        ),
    ],
    *,
    shop: Annotated[
        str | None,
        typer.Option(
            metavar="SHOP",
            help="The shop: its name in aftercare.toml. May be left out if there is only one.",
            show_default=False,
        ),
    ] = None,
    order: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="Go on with the order of this number, such as 1042; without it, an order is made up.",
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When it happened; without it, now.", show_default=False),
    ] = None,
    email: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="The customer's address; without it, one at example.com, which reaches nobody.",
            show_default=False,
        ),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="The server; without it, where [server] says it listens.", show_default=False
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Send also to another machine, or beside real orders.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Send a synthetic webhook to the running server, signed as the shop would sign it.

    It tells of an order that nobody made, of a customer who does not exist: two lines, amounts in the shop's
    currency, a number that begins with trigger-. Go on with the same order by --order, for instance with a
    refund.
    """
    settings = read_settings(context)
    target = _target(settings, url, yes=yes)
    moment = read_moment(at, settings, "--at") if at else None
    if moment is not None and moment > now():
        raise typer.BadParameter(
            "lies in the future; give the time of something that has happened", param_hint="--at"
        )
    number = number_of(order)
    with open_brand(settings) as brand:
        connected = _shop(brand, shop)
        _check_kind(brand, connected, kind)
        if not yes:
            _refuse_beside_real_orders(brand)
        known = known_order(brand, connected.shop.name, id_of(number)) if order else None
        story = list(steps(connected.shop, kind, number=number, at=moment, known=known, email=email))
        told = []
        for step, made in story:
            request = build(brand, connected, step, made)
            status, outcome = post(target, connected.shop.name, request)
            told.append(_Told(kind=step, at=made.happened_at, status=status, outcome=outcome))
        late = _not_listening(brand, min(made.happened_at for _, made in story))
    last = story[-1][1]
    if as_json:
        output.write_json(_as_json(connected.shop.name, target, last, told))
    else:
        _show(settings, connected.shop.name, told, last)
        _hints(settings, target, connected, last, told, late=late, is_made_up=order is None)


def _target(settings: Settings, url: str | None, *, yes: bool) -> str:
    """Return the address of the server, without a slash at its end."""
    from aftercare_sdk.web.devmail.dev import is_loopback, local_url

    if url is None and settings.server.port == 0:
        raise ConfigurationError(
            "[server] port is 0, so the server takes a free port; name its address with --url "
            "(the log line `serving` of `aftercare serve` tells it)"
        )
    target = (url or local_url(settings)).rstrip("/")
    host = _host(target)
    if not host:
        raise typer.BadParameter(
            f"{target!r} is no address of a server; write it as http://127.0.0.1:8000", param_hint="--url"
        )
    if not is_loopback(host) and not yes:
        raise ConfigurationError(
            f"{host} is another machine: a made-up order would stay in its database, count in its reports "
            f"and could earn points. If you are sure, write --url {target} --yes"
        )
    return target


def _host(url: str) -> str:
    """Return the host of an address over HTTP, or nothing for anything else."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for what is no port
    except ValueError:
        return ""
    return (parts.hostname or "") if parts.scheme in {"http", "https"} else ""


def _shop(brand: Brand, name: str | None) -> ConnectedShop:
    shops = brand.shops
    if name is None:
        if len(shops) != 1:
            raise ConfigurationError(f"name one of the shops with --shop: {_listed(shops)}")
        name = next(iter(shops))
    if name not in shops:
        raise ConfigurationError(
            f"the configuration has no shop {name!r}{_meant(name, shops)}; it has {_listed(shops)}"
        )
    connected = shops[name]
    if not connected.shop.secrets or not connected.shop.secrets[0]:
        raise ConfigurationError(
            f"shop {name!r} has no secret to sign with; write secrets = "
            f'[{{ env = "NAME" }}] under [shops.{name}] and set that variable'
        )
    return connected


def _check_kind(brand: Brand, connected: ConnectedShop, kind: str) -> None:
    """Raise ConfigurationError if the adapter cannot tell of this."""
    samples = brand.plugins.parts.adapters[connected.kind].samples
    available = [name for name, sample in samples.items() if callable(sample)]
    if not available:
        raise ConfigurationError(
            f"the adapter {connected.kind!r} offers no samples, so nothing can be triggered in shop "
            f"{connected.shop.name!r}; its author can add them (AdapterType.samples), and recorded requests "
            "can be sent with `aftercare receive`"
        )
    sample = samples.get(kind)
    if isinstance(sample, str):
        raise ConfigurationError(f"{sample}. The adapter {connected.kind!r} tells: {_listed(available)}")
    if sample is None:
        raise ConfigurationError(
            f"the adapter {connected.kind!r} has no sample {kind!r}{_meant(kind, available)}; "
            f"it has {_listed(available)}"
        )


def _meant(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _refuse_beside_real_orders(brand: Brand) -> None:
    from aftercare_sdk.engine.brand import MODE
    from aftercare_sdk.store import control, trial

    with brand.database.read() as connection:
        is_real = control.setting(connection, MODE) == "live" and trial.has_other_orders(connection, ORDER_ID)
    if is_real:
        raise ConfigurationError(
            f"the database {brand.database.where} holds real orders: a made-up one would stay there, count "
            "in reports and could earn points. For trying out, use a configuration with a database of its "
            "own and `aftercare serve --dev`; if you are sure, add --yes"
        )


def _not_listening(brand: Brand, at: datetime) -> list[tuple[str, datetime]]:
    """Return the plugins that do not hear of a fact of that time, with the time since which they hear."""
    from aftercare_sdk.store import control

    with brand.database.read() as connection:
        starts = dict(control.plugin_starts(connection))
    late = []
    for plugin in brand.plugins.active:
        settings = brand.settings.plugin(plugin.name)
        start = settings.starts_at or starts.get(plugin.name)
        if start is not None and start > at and not settings.backfill and _hears(plugin.hooks):
            late.append((plugin.name, start))
    return late


def _hears(hooks: Iterable[str]) -> bool:
    return any(hook.startswith("on_") for hook in hooks)


def _as_json(shop: str, target: str, order: SampleOrder, told: list[_Told]) -> dict[str, Any]:
    return {
        "shop": shop,
        "url": target,
        "order": {"id": order.id, "number": order.number, "email": order.contact.email},
        "webhooks": [
            {"kind": one.kind, "at": output.instant(one.at), "status": one.status, "outcome": one.outcome}
            for one in told
        ],
    }


def _show(settings: Settings, shop: str, told: list[_Told], order: SampleOrder) -> None:
    zone = ZoneInfo(settings.brand.zone)
    output.show(
        output.table(
            ("status", "outcome", "webhook", "order", "at"),
            [
                (str(one.status), one.outcome, one.kind, f"{shop} {order.number}", output.local(one.at, zone))
                for one in told
            ],
        )
    )


def _hints(
    settings: Settings,
    target: str,
    connected: ConnectedShop,
    last: SampleOrder,
    told: list[_Told],
    *,
    late: list[tuple[str, datetime]],
    is_made_up: bool,
) -> None:
    """Say what to look at next."""
    from aftercare_sdk.web.devmail.dev import command, local_url

    call = command(settings)
    if len(told) > 1:
        output.note(f"The order was not known, so its purchase, {BEFORE.days} day before, was told first.")
    zone = ZoneInfo(settings.brand.zone)
    for plugin, start in late:
        output.note(
            f"The plugin {plugin} takes part since {output.local(start, zone)} and does not hear of what was "
            f"before; give a later --at, or write starts_at under [plugins.{plugin}]."
        )
    output.note("What became of it, and why:")
    output.note(f"  {call} timeline {last.contact.email}")
    if page := _page(target):
        output.note(f"Its mails, once they are due: {page}")
    if told[-1].kind == PURCHASE and last.sent_at - last.happened_at < timedelta(minutes=1):
        earlier = f"{(last.sent_at - _AN_HOUR).astimezone(zone):%Y-%m-%dT%H:%M}"
        output.note(
            f"A message that waits an hour is due at once for an order of an hour ago: --at {earlier}"
        )
    if is_made_up and told[-1].kind == PURCHASE:
        own = "" if target == local_url(settings) else f" --url {target}"
        output.note("Go on with this order, for instance:")
        number = last.number.removeprefix(NUMBER)
        output.note(f"  {call} trigger refund --shop {connected.shop.name} --order {number}{own}")


def _page(target: str) -> str:
    """Return where the server shows caught mails, or nothing if it is not one for trying out."""
    import requests

    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.get(f"{target}/dev", timeout=PATIENCE, allow_redirects=False)
        except requests.RequestException:
            return ""
    return f"{target}/dev" if answer.ok else ""
