"""`aftercare privacy erase`: a person is erased, and the proof of it is printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json, open_brand, read_settings
from aftercare_sdk.cli.timeline import Language
from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from datetime import tzinfo

    from aftercare_sdk.engine.brand import Brand
    from aftercare_sdk.engine.erasing import Erasure
    from aftercare_sdk.store.privacy import Asked


def erase(
    context: typer.Context,
    customer: Annotated[
        str,
        typer.Argument(help="An e-mail address, SHOP/ACCOUNT-ID or SHOP/order/ID.", show_default=False),
    ] = "",
    *,
    request: Annotated[
        str, typer.Option(help="A platform's request, as `privacy requests` shows it.", show_default=False)
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, without personal data. It is kept for good.")] = "",
    actor: Annotated[str, typer.Option(help="Who does it.")] = "operator",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    lang: Annotated[
        Language | None, typer.Option(help="The language; without it, that of the brand.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Erase a person for good, and print the proof.

    Points stay in the books, refusals as keyed hashes, and what proves a consent: none of it names anybody.
    """
    from aftercare_sdk.engine.erasing import erase as carry_out
    from aftercare_sdk.engine.requested import carry_out as by_request
    from aftercare_sdk.model.privacy import PrivacyKind
    from aftercare_sdk.outreach.sentences import language_of

    if bool(customer) == bool(request):
        raise typer.BadParameter("name a customer, or a request with --request: one of both")
    settings = read_settings(context)
    with open_brand(settings) as brand:
        if request:
            asked = asked_for(brand, request)
            whole = asked.kind is PrivacyKind.ERASE_SHOP
            _confirm(f"all customers of shop {asked.shop!r}" if whole else "1 customer", yes=yes)
            done = by_request(brand, asked, reason=reason or "the platform asked for it", actor=actor)
        else:
            found = identities_of(brand, customer)
            _confirm(output.number(len(set(found.values())), "customer"), yes=yes)
            done = carry_out(brand, found, reason=reason, actor=actor)
    if as_json:
        output.write_json(_json(done))
        return
    language = lang.value if lang else language_of(settings.brand.locale)
    for line in proof(done, language, ZoneInfo(settings.brand.zone)):
        output.write(line)


def asked_for(brand: Brand, request: str) -> Asked:
    """Return the open request whose key begins so. Raises ConfigurationError if there is no such one."""
    from aftercare_sdk.store import privacy

    with brand.database.read() as connection:
        found = privacy.find(connection, request)
    if len(found) != 1:
        what = "several open requests begin" if found else "no open request begins"
        raise ConfigurationError(f"{what} with {request!r}: see `aftercare privacy requests`")
    return found[0]


def identities_of(brand: Brand, customer: str) -> Mapping[int, int]:
    """Return the identities of whoever is meant, each with its customer.

    Raises ConfigurationError if nobody is.
    """
    from aftercare_sdk.engine.finding import find_customers
    from aftercare_sdk.store import people

    with brand.database.read() as connection:
        members = people.identities_of(connection, find_customers(connection, customer))
    found = {each: owner for owner, several in members.items() for each in several}
    if not found:
        raise ConfigurationError(
            "nobody is known by that: write an e-mail address, SHOP/ACCOUNT-ID or SHOP/order/ID"
        )
    return found


def _confirm(whom: str, *, yes: bool) -> None:
    if not yes:
        typer.confirm(f"Erase {whom} for good?", abort=True, err=True)


def proof(done: Erasure, language: str, zone: tzinfo) -> list[str]:
    """Return the proof of an erasure as lines."""
    from aftercare_sdk.outreach.sentences import say

    def told(code: str, **values: object) -> str:
        return say(
            f"erasure.{code}", {name: str(value) for name, value in values.items()}, language, zone=zone
        )

    lines = [told("done", customers=done.customers, at=done.at.isoformat()), "", told("erased")]
    lines += [f"  {told(f'table.{table}', rows=rows)}" for table, rows in sorted(done.erased.items())]
    lines += ["", told("kept")]
    lines += [f"  {told(f'kept.{table}', rows=rows)}" for table, rows in sorted(done.kept.items())]
    lines += ["", told("clean", words=done.words) if not done.left else told("left", words=done.words)]
    lines += [f"  {place}: {rows}" for place, rows in sorted(done.left.items())]
    if asked := done.request:
        in_time = "in_time" if done.at <= asked.due_at else "late"
        lines += [
            "",
            told(f"request.{in_time}", request=asked.key[:12], shop=asked.shop, due=asked.due_at.isoformat()),
        ]
    return lines


def _json(done: Erasure) -> dict[str, Any]:
    asked = done.request
    return {
        "at": output.instant(done.at),
        "customers": done.customers,
        "erased": dict(done.erased),
        "kept": dict(done.kept),
        "searched_for": done.words,
        "left": dict(done.left),
        "request": {
            "request": asked.key,
            "shop": asked.shop,
            "due_at": output.instant(asked.due_at),
            "in_time": done.at <= asked.due_at,
        }
        if asked
        else None,
    }
