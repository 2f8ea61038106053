"""Commands that are due: carried out by the adapters of their shops, and written down with what came of it.

A command is idempotent by construction, so a worker that dies in the middle costs nothing: another one does
it again, and finds what is there.
"""

from __future__ import annotations

import base64
import hmac
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.contacts import contact_of
from aftercare_sdk.engine.logs import log
from aftercare_sdk.errors import (
    CommandRefused,
    ConfigurationError,
    StorageUnavailable,
)
from aftercare_sdk.model import commands as wanted
from aftercare_sdk.model.commands import Discount, Receipt, ShopCommand
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.people import IdentityKind
from aftercare_sdk.model.records import CustomerRecord, OrderRecord, ReviewRecord
from aftercare_sdk.outreach.characters import short_line
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.plugins import RETRY_DELAYS
from aftercare_sdk.redact import redact, redact_error
from aftercare_sdk.store import (
    commands,
    connections,
    control,
    decisions,
    journal,
    objects,
    people,
    redemptions,
)
from aftercare_sdk.store.codec import dump, load
from aftercare_sdk.store.commands import Command, CommandState
from aftercare_sdk.store.database import gives_way
from aftercare_sdk.store.decisions import Decision
from aftercare_sdk.store.journal import Arrival, Kind, State

CLAIMED_AT_ONCE = 10
PATIENCE = timedelta(minutes=10)
"""After which a command that a worker took and never reported on is taken by another."""
UNTIL_MENDED = timedelta(hours=1)
"""How long to wait after an error that only a person can mend."""
DAILY = timedelta(days=1)
MOST_TRIES = len(RETRY_DELAYS) + 7
"""After the usual retries one a day for a week; then the command counts as refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePayload:
    """What is stored of a discount code that is to be made: nothing of the person."""

    code: str
    discount: Discount
    expires_at: datetime | None
    minimum: Money | None
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagPayload:
    """What is stored of a value that is to be shown with an account."""

    name: str
    value: str | None


def code_of(connection: Connection, key: str) -> str:
    """Return the discount code of a reward: always the same for its key, and not to be guessed."""
    secret = control.secret(connection, "codes")
    digest = hmac.digest(secret.encode(), key.encode(), "sha256")
    letters = base64.b32encode(digest).decode()
    return "-".join(("AC", letters[:4], letters[4:8], letters[8:12]))


def perform_due(brand: Brand) -> int:
    """Carry out commands that are due; return how many were tried."""
    now = brand.clock.now()
    with brand.database.read() as connection:
        if not commands.is_due(connection, now, held=connections.all_ended(connection).keys()):
            return 0
    with brand.database.write() as connection:
        claimed = commands.claim(
            connection,
            held=connections.all_ended(connection).keys(),
            now=now,
            lease=str(uuid.uuid4()),
            until=now + PATIENCE,
            limit=CLAIMED_AT_ONCE,
        )
    for command in claimed:
        _write_down(brand, _carried_out(brand, command))
    return len(claimed)


def _carried_out(brand: Brand, command: Command) -> Command:
    """Carry one command out; return it as it stands then."""
    tried = replace(command, attempts=command.attempts + 1)
    now = brand.clock.now()
    try:
        order = _order(brand, command) or _undoing(command)
        if order is None:
            return _nobody(tried, now)
        adapter = brand.adapter(command.shop)
        if adapter is None:
            raise ConfigurationError(f"shop {command.shop!r} is not configured")  # noqa: TRY301
        receipt: object = adapter.perform(order)
        if not isinstance(receipt, Receipt):
            raise TypeError(f"perform answered with {type(receipt).__name__}")  # noqa: TRY301
    except CommandRefused as error:
        return _refused(tried, str(error), now)
    except StorageUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever one shop or adapter does, the others are served
        return _again(tried, error, now)
    if isinstance(order, wanted.RevokeCode) and command.kind != wanted.RevokeCode.__name__:
        return _nobody(tried, brand.clock.now())
    return replace(
        tried,
        state=CommandState.DONE,
        code=Reason.COMMAND_DONE,
        detail={},
        next_at=None,
        final_at=brand.clock.now(),
        reference=short_line(receipt.reference),
    )


def _undoing(command: Command) -> ShopCommand | None:
    """Return what takes back a code that may have been made before its person was erased; None: nothing."""
    if not command.attempts or command.kind != wanted.IssueCode.__name__:
        return None
    return wanted.RevokeCode(key=command.key, code=load(CodePayload, command.payload).code)


def _nobody(tried: Command, now: datetime) -> Command:
    return replace(
        tried, state=CommandState.REFUSED, code=Reason.COMMAND_NOBODY, detail={}, next_at=None, final_at=now
    )


def _refused(tried: Command, reason: str, now: datetime) -> Command:
    return replace(
        tried,
        state=CommandState.REFUSED,
        code=Reason.COMMAND_REFUSED,
        detail={"reason": redact(reason)},
        next_at=None,
        final_at=now,
    )


def _again(tried: Command, error: Exception, now: datetime) -> Command:
    told = redact_error(error)
    log.warning("command failed", shop=tried.shop, kind=tried.kind, problem=told)
    if tried.attempts >= MOST_TRIES:
        return _refused(tried, told, now)
    delay = UNTIL_MENDED
    if not isinstance(error, ConfigurationError):
        used_up = tried.attempts > len(RETRY_DELAYS)
        delay = DAILY if used_up else RETRY_DELAYS[tried.attempts - 1]
    detail = {"reason": told, "until": (now + delay).isoformat()}
    # A mistake of the configuration does not use up tries: a person may take a week.
    attempts = tried.attempts - isinstance(error, ConfigurationError)
    return replace(tried, attempts=attempts, code=Reason.COMMAND_AGAIN, detail=detail, next_at=now + delay)


def _order(brand: Brand, command: Command) -> ShopCommand | None:
    """Return what the adapter is to do, with the person in it; None: there is nobody whom it could be for."""
    if command.kind == wanted.RevokeCode.__name__:
        return wanted.RevokeCode(key=command.key, code=load(CodePayload, command.payload).code)
    if command.kind == wanted.IssueCode.__name__:
        code = load(CodePayload, command.payload)
        email = _email(brand, command)
        if not email:
            return None
        return wanted.IssueCode(
            key=command.key,
            code=code.code,
            discount=code.discount,
            email=email,
            expires_at=code.expires_at,
            minimum=code.minimum,
            products=code.products,
            reason=command.reason,
        )
    tag = load(TagPayload, command.payload)
    account = _account(brand, command)
    if not account:
        return None
    return wanted.TagCustomer(key=command.key, customer=account, name=tag.name, value=tag.value)


def _email(brand: Brand, command: Command) -> str:
    """Return the address of the person whom the command is for, or nothing."""
    with brand.database.read() as connection:
        key = (command.shop, command.object_kind, command.object)
        stored = objects.get_many(connection, [key]).get(key)
        accounts = [one.record for one in objects.accounts_of(connection, [command.identity])]
    about = stored.record if stored and isinstance(stored.record, OrderRecord | ReviewRecord) else None
    account = next((one for one in accounts if isinstance(one, CustomerRecord)), None)
    contact = contact_of(about, account)
    return contact.email if contact else ""


def _account(brand: Brand, command: Command) -> str:
    """Return the id of the customer's account in that shop."""
    with brand.database.read() as connection:
        customer = people.customers_of(connection, [command.identity])[command.identity]
        for identity in people.describe(connection, [customer]):
            if identity.kind is IdentityKind.ACCOUNT and identity.shop == command.shop:
                return identity.value
    return ""


@gives_way
def _write_down(brand: Brand, command: Command) -> None:
    now = brand.clock.now()
    with brand.database.write() as connection:
        if not commands.settle(connection, command):
            # Replaced by a later word meanwhile, or taken over. Whose call came last at the platform is open,
            # so the later word is said once more.
            commands.repeat(connection, command.key, now)
            return
        if command.state is not CommandState.PLANNED:
            redemptions.tell(connection, command.key, done=command.state is CommandState.DONE)
        detail = {"what": command.kind, "label": command.label, **command.detail}
        decisions.append(
            connection,
            [
                Decision(
                    at=now,
                    identity=command.identity,
                    plugin=command.plugin,
                    event=command.event,
                    verdict=command.state.value,
                    code=command.code,
                    detail=detail,
                )
            ],
        )
        journal.append(
            connection,
            [
                Arrival(
                    kind=Kind.RECEIPT,
                    shop=command.shop,
                    topic=f"{command.kind}.{command.code}",
                    delivery=command.key,
                    received_at=now,
                    body=dump({"command": command.key, "outcome": command.code, **detail}).encode(),
                    state=State.DONE,
                    outcome=f"{command.kind} {command.label}: {command.state.value}",
                )
            ],
        )
