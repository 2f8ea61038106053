"""What the law says of advertising at the moment at which it is planned.

It is written down with the plan and stops nothing: consent may come before the message is due, and what
becomes of it must not depend on the order in which news arrive. The verdict is that of the moment of sending.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.looking import look_at, see
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.outreach.gate import Check, Outcome, basis_of
from aftercare_sdk.outreach.permission.jurisdictions import ADVERTISING
from aftercare_sdk.store.messages import Message

RULE, CODE, ALLOWED, ENDS = "law_rule", "law_code", "law_allowed", "law_ends"
"""Under which names a record says it; `law_ends`: when the basis ends, if that is before the message."""


def as_things_stand(
    brand: Brand, connection: Connection, planned: Sequence[Message]
) -> Mapping[str, Mapping[str, str]]:
    """Return what the law says of those that advertise, for their records; by message key."""
    advertising = [one for one in planned if Purpose(one.purpose) in ADVERTISING]
    if not advertising:
        return {}
    now = brand.clock.now()
    seen = see(brand, connection, advertising, now)
    return {
        one.key: _told(one, basis_of(look_at(brand, seen, one, now).candidate, now)) for one in advertising
    }


def _told(message: Message, check: Check) -> dict[str, str]:
    told = {**check.values, RULE: check.rule, CODE: check.code.value}
    if check.outcome is Outcome.ALLOW:
        told[ALLOWED] = "yes"
        if check.until is not None and message.due_at is not None and check.until <= message.due_at:
            told[ENDS] = check.until.isoformat()
    return told
