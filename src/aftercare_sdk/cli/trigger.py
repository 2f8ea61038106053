"""`aftercare trigger`: a signed webhook of an order that nobody made, sent to the running server."""

from __future__ import annotations

import difflib
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import now, open_brand, read_moment, read_settings
from aftercare_sdk.errors import AftercareError, Bug, ConfigurationError, TransientError

if TYPE_CHECKING:
    from aftercare_sdk.config import Settings
    from aftercare_sdk.engine.brand import Brand, ConnectedShop
    from aftercare_sdk.model.shops import RawRequest, SampleOrder, Shop

NUMBER = "trigger-"
"""What the numbers of sample orders begin with, where people see them."""
ORDER_ID = "99000"
"""What the ids of sample orders begin with: nine digits follow, and no shop counts so far."""
_DIGITS = 9
_ORDER = re.compile(rf"(?:{NUMBER})?0*([1-9][0-9]{{0,7}})")
_PURCHASE = "purchase"
_BEFORE = timedelta(days=1)
"""How long before another fact a new order counts as bought."""
_AN_HOUR = timedelta(hours=1)
_PATIENCE = 20.0
_UNTIL_PROCESSED = 10.0
"""How many seconds the server gets to process what it has received, before an order counts as unknown."""
_ACCEPTED = 202
_UNSIGNED = 401
_NOT_FOUND = 404
_NOT_STORED = 503
_PRICES = ((1550, 1, "990000001", "TRIGGER-A"), (410, 2, "990000002", "TRIGGER-B"))
"""Price, quantity, product and SKU of each line: in yen, or in hundredths where a currency has decimals."""
_SHIPPING = 500
_TITLES = {
    "ja": ("テスト商品 コーヒー豆 250g", "テスト商品 ペーパーフィルター"),
    "en": ("Test product: coffee beans, 250 g", "Test product: paper filters"),
}
_NAMES = {"ja": ("テスト", "花子"), "en": ("Customer", "Test")}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the engine knows of an order that a story goes on with."""

    bought_at: datetime
    shipped_at: datetime | None
    changed_at: datetime | None
    email: str = field(repr=False)


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
    number = _number(order)
    with open_brand(settings) as brand:
        connected = _shop(brand, shop)
        _check_kind(brand, connected, kind)
        if not yes:
            _refuse_beside_real_orders(brand)
        known = _known(brand, connected.shop.name, _id(number)) if order else None
        steps = list(_steps(connected.shop, kind, number=number, at=moment, known=known, email=email))
        told = []
        for step, made in steps:
            request = _build(brand, connected, step, made)
            status, outcome = _post(target, connected.shop.name, request)
            told.append(_Told(kind=step, at=made.happened_at, status=status, outcome=outcome))
        late = _not_listening(brand, min(made.happened_at for _, made in steps))
    last = steps[-1][1]
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


def _number(given: str | None) -> int:
    if given is None:
        return 100_000 + secrets.randbelow(900_000)
    found = _ORDER.fullmatch(given.strip())
    if found is None:
        raise typer.BadParameter(
            f"{given!r} is no number of a sample order; write up to eight digits, such as 1042",
            param_hint="--order",
        )
    return int(found[1])


def _id(number: int) -> str:
    return f"{ORDER_ID}{number:0{_DIGITS}}"


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


def _known(brand: Brand, shop: str, order: str) -> _Known | None:
    """Look an order up, after the server has had the time to process what it has just received."""
    from aftercare_sdk.model.records import OrderRecord
    from aftercare_sdk.store import journal, objects

    key = (shop, "order", order)
    deadline = time.monotonic() + _UNTIL_PROCESSED
    while True:
        with brand.database.read() as connection:
            waiting = journal.oldest_new(connection) is not None
            stored = objects.get_many(connection, [key]).get(key)
        if not waiting or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    record = stored.record if stored else None
    if not isinstance(record, OrderRecord):
        return None
    bought_at = record.purchased_at or (record.placed_at.value if record.placed_at else None)
    if bought_at is None:
        return None
    contact = record.contact.value if record.contact else None
    return _Known(
        bought_at=bought_at,
        shipped_at=min(record.shipments.values(), default=None),
        changed_at=record.latest.modified_at,
        email=contact.email if contact else "",
    )


def _steps(
    shop: Shop, kind: str, *, number: int, at: datetime | None, known: _Known | None, email: str | None
) -> Iterable[tuple[str, SampleOrder]]:
    """Give what is told, in order: of an order that nobody has heard of, its purchase first."""
    present = now()
    happened_at = at or _after(known, present.replace(microsecond=0))
    if known is not None:
        bought_at = known.bought_at if at is None or kind != _PURCHASE else happened_at
        if happened_at < bought_at:
            zone = ZoneInfo(shop.zone)
            raise typer.BadParameter(
                f"lies before the purchase of this order, {output.local(bought_at, zone)} ({zone})",
                param_hint="--at",
            )
    else:
        bought_at = happened_at if kind == _PURCHASE else happened_at - _BEFORE
    told = _order(shop, number, email or (known.email if known else ""), bought_at, present)
    if known is None and kind != _PURCHASE:
        yield _PURCHASE, told(bought_at, None)
    yield kind, told(happened_at, known.shipped_at if known else None)


def _after(known: _Known | None, present: datetime) -> datetime:
    """Return the present, or the second after what is known last: most platforms date by the second."""
    if known is None or known.changed_at is None or known.changed_at < present:
        return present
    return known.changed_at.replace(microsecond=0) + timedelta(seconds=1)


def _order(shop: Shop, number: int, email: str, bought_at: datetime, sent_at: datetime) -> Any:
    """Return what makes the order, for each fact that is told of it."""
    from aftercare_sdk.model.money import Money, decimals
    from aftercare_sdk.model.orders import OrderLine
    from aftercare_sdk.model.people import Contact
    from aftercare_sdk.model.shops import SampleOrder

    currency = shop.currency or _currency(shop.country)
    unit = 10 ** max(0, decimals(currency) - 2)
    language = "ja" if shop.locale.startswith("ja") else "en"
    family, given = _NAMES[language]
    lines = tuple(
        OrderLine(
            id=str(place),
            title=title,
            quantity=quantity,
            paid=Money(price * quantity * unit, currency),
            tax=Money(price * quantity * unit // 11, currency),  # 10 %, which the price includes
            product=product,
            sku=sku,
        )
        for place, (title, (price, quantity, product, sku)) in enumerate(
            zip(_TITLES[language], _PRICES, strict=True), start=1
        )
    )
    contact = Contact(
        email=email or f"{NUMBER}{number}@example.com",
        family_name=family,
        given_name=given,
        country=shop.country,
    )

    def told(happened_at: datetime, shipped_at: datetime | None) -> SampleOrder:
        return SampleOrder(
            id=_id(number),
            number=f"{NUMBER}{number}",
            placed_at=bought_at,
            happened_at=happened_at,
            sent_at=sent_at,
            shipped_at=shipped_at,
            contact=contact,
            currency=currency,
            lines=lines,
            shipping=Money(_SHIPPING * unit, currency),
        )

    return told


def _currency(country: str) -> str:
    """Return the currency of a country, for a shop that names none."""
    from babel.numbers import get_territory_currencies

    found: list[str] = get_territory_currencies(country) if country else []
    return found[0] if found else "USD"


def _build(brand: Brand, connected: ConnectedShop, kind: str, order: SampleOrder) -> RawRequest:
    """Have the adapter make the request. What breaks in it is the plugin's mistake, and is called so."""
    from aftercare_sdk.model.shops import RawRequest

    sample = brand.plugins.parts.adapters[connected.kind].samples[kind]
    if isinstance(sample, str):
        raise ConfigurationError(sample)
    try:
        request = sample(connected.shop, order)
    except AftercareError:
        raise
    except Exception as error:
        raise _mistake(brand, connected, kind, f"raised {type(error).__name__}") from error
    if not isinstance(request, RawRequest):
        raise _mistake(brand, connected, kind, f"returned {type(request).__name__}, which is no RawRequest")
    return request


def _mistake(brand: Brand, connected: ConnectedShop, kind: str, what: str) -> Bug:
    plugin = brand.plugins.parts.given_by["adapter", connected.kind]
    origin = next(
        (f" ({one.distribution} {one.version})" for one in brand.plugins.active if one.name == plugin), ""
    )
    return Bug(f"the sample {kind!r} of plugin {plugin!r}{origin} {what}")


def _post(target: str, shop: str, request: RawRequest) -> tuple[int, str]:
    """Send one request; return status and outcome of one that was accepted. Raises for every other answer."""
    import requests

    with requests.Session() as session:
        session.trust_env = False  # a proxy has no part in it
        try:
            response = session.post(
                f"{target}/webhooks/{shop}",
                data=request.body,
                headers=dict(request.headers),
                timeout=_PATIENCE,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise TransientError(
                f"no server answers at {target} ({type(error).__name__}); start it in another terminal with "
                "`aftercare serve --dev`, or name its address with --url"
            ) from None
    outcome = _outcome(response)
    if response.status_code == _ACCEPTED and outcome:
        return _ACCEPTED, outcome
    if response.status_code == _UNSIGNED:
        raise ConfigurationError(
            f"{target} refused the signature (401): the server runs with another secret for shop {shop!r} "
            "than the first one of this configuration, or its clock is more than five minutes from this one. "
            "Set the same environment variables here and there, and start the server anew"
        )
    if response.status_code == _NOT_FOUND and outcome:
        raise ConfigurationError(
            f"the server at {target} has no shop {shop!r} (404): it runs with another configuration than "
            "this one; start it anew with the same --config"
        )
    if response.status_code == _NOT_STORED:
        raise TransientError(f"the server at {target} could not store the webhook (503); its log says why")
    raise ConfigurationError(
        f"{target}/webhooks/{shop} answered {response.status_code}"
        f"{f' ({outcome})' if outcome else ', and not as an aftercare server does'}; "
        "look whether --url, or [server] in aftercare.toml, names the server of `aftercare serve`"
    )


def _outcome(response: Any) -> str:
    try:
        told = response.json()
    except ValueError:
        return ""
    outcome = told.get("outcome") if isinstance(told, dict) else None
    return outcome if isinstance(outcome, str) else ""


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
        output.note(f"The order was not known, so its purchase, {_BEFORE.days} day before, was told first.")
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
    if told[-1].kind == _PURCHASE and last.sent_at - last.happened_at < timedelta(minutes=1):
        earlier = f"{(last.sent_at - _AN_HOUR).astimezone(zone):%Y-%m-%dT%H:%M}"
        output.note(
            f"A message that waits an hour is due at once for an order of an hour ago: --at {earlier}"
        )
    if is_made_up and told[-1].kind == _PURCHASE:
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
            answer = session.get(f"{target}/dev", timeout=_PATIENCE, allow_redirects=False)
        except requests.RequestException:
            return ""
    return f"{target}/dev" if answer.ok else ""
