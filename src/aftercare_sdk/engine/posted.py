"""A signed list of outcomes, as a mail provider's webhook or the shop's own program posts it (SEND-05)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from aftercare_sdk.engine.brand import Brand
from aftercare_sdk.engine.cure import with_cure
from aftercare_sdk.engine.logs import log
from aftercare_sdk.engine.receive import NOT_SIGNED, NOT_STORED, TOO_LARGE, Reply
from aftercare_sdk.engine.reported import report
from aftercare_sdk.errors import SignatureError, StorageUnavailable
from aftercare_sdk.model.outcomes import OutcomeKind, RejectReason, Report
from aftercare_sdk.model.shops import RawRequest
from aftercare_sdk.outreach.characters import short_line
from aftercare_sdk.shops import standard_webhooks

MOST = 1_000
"""How many outcomes a request may hold, so that it is answered within seconds."""
UNKNOWN_CHANNEL = Reply(404, "unknown channel")
TOO_MANY = Reply(413, f"more than {MOST} outcomes")

_LONGEST = 500
_LATEST = 253_402_300_799
"""The last second of the year 9999."""


class _Line(fields.String):
    """Text that can stand in a line and in every database."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> str:
        read: str = super()._deserialize(value, attr, data, **more)
        if len(read) > _LONGEST or not read.isprintable():
            raise ValidationError(f"must be one line of at most {_LONGEST} characters")
        return read


class _Moment(fields.Field[datetime]):
    """ISO 8601 with an offset, or seconds since 1970."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **more: Any) -> datetime:
        try:
            if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LATEST:
                return datetime.fromtimestamp(value, UTC)
            if isinstance(value, str) and (read := datetime.fromisoformat(value)).utcoffset() is not None:
                return read.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        raise ValidationError("must be ISO 8601 with an offset, or seconds since 1970")


class OutcomeSchema(Schema):
    """One outcome, under the names of django-anymail's `AnymailTrackingEvent`; other keys are only kept."""

    class Meta:
        unknown = EXCLUDE

    event_type = _Line(required=True)
    message_id = _Line(load_default="", allow_none=True)
    recipient = _Line(load_default="", allow_none=True)
    event_id = _Line(load_default="", allow_none=True)
    timestamp = _Moment(load_default=None, allow_none=True)
    reject_reason = _Line(load_default=None, allow_none=True)
    mta_response = fields.String(load_default="", allow_none=True, validate=validate.Length(max=10_000))


def receive_outcomes(brand: Brand, channel: str, request: RawRequest) -> Reply:
    """Take in what is posted of a channel's outcomes; returns what to answer, after the commit that holds it.

    401 bad signature, 202 taken, 400 no such list, 404 unknown channel, 413 too large, 503 not stored.
    """
    keys = brand.outcome_keys(channel)
    if keys is None:
        return UNKNOWN_CHANNEL
    if len(request.body) > brand.settings.server.body_limit:
        return TOO_LARGE
    try:
        standard_webhooks.check(
            replace(request, received_at=brand.clock.now()), keys, whose=f"channel {channel!r}"
        )
    except SignatureError as error:
        log.warning("outcomes not signed", problem=str(error))
        return NOT_SIGNED
    try:
        reports = list(_read(request.body))
    except ValidationError as error:
        return Reply(400, str(error.messages[0] if isinstance(error.messages, list) else error.messages))
    if len(reports) > MOST:
        return TOO_MANY
    try:
        noted = report(brand, channel, reports)
    except StorageUnavailable as error:
        log.error("outcomes not stored", channel=channel, problem=with_cure(error))
        return NOT_STORED
    return Reply(202, f"{noted.news} new, {noted.seen} seen before, {noted.ignored} ignored")


def _read(body: bytes) -> Iterator[Report]:
    """Yield what a body tells. Raises ValidationError, which repeats nothing of it."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise ValidationError("the body is no JSON") from None
    if not isinstance(told, list):
        raise ValidationError("the body is no list of outcomes")
    schema = OutcomeSchema()
    for place, one in enumerate(told):
        try:
            read: Mapping[str, Any] = schema.load(one)
            body = json.dumps(one, sort_keys=True).encode()
        except ValidationError as error:
            raise ValidationError(f"outcome {place}: {_problem(error)}") from None
        except RecursionError:
            raise ValidationError(f"outcome {place}: is too deep") from None
        yield _report(read, body)


def _problem(error: ValidationError) -> str:
    told: Any = error.messages
    if not isinstance(told, Mapping):
        return "is no outcome"
    return "; ".join(f"{name}: {_first(problems)}" for name, problems in sorted(told.items()))


def _first(problems: Any) -> str:
    return str(problems[0]) if isinstance(problems, Sequence) and problems else "is wrong"


def _report(read: Mapping[str, Any], body: bytes) -> Report:
    message_id = (read["message_id"] or "").strip().removeprefix("<").removesuffix(">")
    return Report(
        kind=_kind(read["event_type"]),
        message=message_id.rpartition("@")[0] or message_id,
        reference=message_id,
        recipient=(read["recipient"] or "").strip(),
        reason=_reason(read["reject_reason"]),
        response=short_line(read["mta_response"] or ""),
        event_id=read["event_id"] or "",
        at=read["timestamp"],
        body=body,
    )


def _kind(told: str) -> OutcomeKind:
    """Return what happened; what has no name here is unknown, and no error: providers add to their lists."""
    try:
        return OutcomeKind(told)
    except ValueError:
        return OutcomeKind.UNKNOWN


def _reason(told: str | None) -> RejectReason | None:
    if not told:
        return None
    try:
        return RejectReason(told)
    except ValueError:
        return RejectReason.OTHER
