"""Mails that tell what became of a mail: delivery reports (RFC 3464), older bounces, complaints (RFC 5965).

Who failed is found by flufl.bounce, which knows how dozens of mail servers say it. What they say of the why,
and of which mail, stands in the parts of the report.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.outcomes import OutcomeKind, RejectReason, Report
from aftercare_sdk.model.people import fold_email
from aftercare_sdk.outreach.characters import short_line

_ORIGINAL = frozenset(
    {
        "message/rfc822",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "message/global",
        "message/global-headers",
    }
)
_STATUS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_MESSAGE_ID = re.compile(r"<([^<>@\s]{1,200})@[^<>\s]{1,255}>")
_IN_TEXT = re.compile(r"^[ \t>]*Message-I[Dd]:[ \t]*(<[^<>\s]{3,500}>)", re.MULTILINE)
_CODE = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_SYNTAX, _POLICY = "1.3", "7"


@dataclass(frozen=True, slots=True)
class _Said:
    """What a delivery report says of one recipient."""

    action: str
    response: str


def read_bounce(raw: bytes) -> list[Report]:
    """Return what a mail reports; nothing, if it is another kind of mail.

    Raises ConfigurationError if flufl.bounce is not installed.
    """
    mail = message_from_bytes(raw)
    message = _about(mail)
    said = dict(_said(mail))
    complained = _complained(mail)
    if complained is not None:
        found = [(OutcomeKind.COMPLAINED, complained)]
    else:
        temporary, permanent = _failures(mail)
        failed = {_address(one) for one in permanent}
        delayed = {_address(one) for one in temporary} - failed
        delivered = {one for one, each in said.items() if each.action == "delivered"} - failed - delayed
        found = [
            *((OutcomeKind.BOUNCED, one) for one in sorted(failed)),
            *((OutcomeKind.DEFERRED, one) for one in sorted(delayed)),
            *((OutcomeKind.DELIVERED, one) for one in sorted(delivered)),
        ]
    digest = hashlib.sha256(raw).hexdigest()[:32]
    reports = []
    for number, (kind, address) in enumerate(found):
        response = said[address].response if address in said else _code_in_text(mail)
        reports.append(
            Report(
                kind=kind,
                message=message,
                recipient=address,
                reason=_reason(response) if kind is OutcomeKind.BOUNCED else None,
                response=response,
                event_id=f"mail-{digest}-{number}",
                at=_date(mail),
                body=raw,
            )
        )
    return reports


def _failures(mail: Message) -> tuple[Collection[bytes], Collection[bytes]]:
    """Return to whom a mail says that a mail was not delivered: not yet, and not at all.

    A mail that flufl.bounce stumbles over counts as none that reports: a person finds it unread.
    """
    try:
        from flufl.bounce import all_failures
    except ModuleNotFoundError:
        raise ConfigurationError(
            'bounces are read with flufl.bounce, which is not installed: pip install "aftercare-sdk[bounces]"'
        ) from None

    # It logs where it stumbled, with parts of the mail.
    logging.getLogger("flufl.bounce").disabled = True
    try:
        temporary, permanent = all_failures(mail)
    except Exception:  # noqa: BLE001 - whatever its detectors meet in a broken mail
        return (), ()
    return temporary, permanent


def _about(mail: Message) -> str:
    """Return the id that the Message-ID of the mail in question begins with, if it can be found."""
    for part in mail.walk():
        if part.get_content_type() in _ORIGINAL:
            for told in _headers_of(part):
                if (found := _MESSAGE_ID.search(told)) is not None:
                    return found[1]
    for name in ("References", "In-Reply-To"):
        if found_all := _MESSAGE_ID.findall(str(mail.get(name) or "")):
            return str(found_all[-1])
    for text in _texts(mail):
        if (named := _IN_TEXT.search(text)) is not None and (
            found := _MESSAGE_ID.search(named[1])
        ) is not None:
            return found[1]
    return ""


def _headers_of(part: Message) -> Iterator[str]:
    """Yield the Message-IDs of a mail that is enclosed, as a whole or as its headers."""
    payload = part.get_payload()
    enclosed = payload[0] if isinstance(payload, list) and payload else message_from_bytes(_decoded(part))
    if isinstance(enclosed, Message):
        yield from (str(value) for value in enclosed.get_all("Message-ID") or ())


def _said(mail: Message) -> Iterator[tuple[str, _Said]]:
    """Yield what a delivery report says, by recipient as addresses are compared."""
    for part in mail.walk():
        if part.get_content_type() not in _STATUS:
            continue
        groups = part.get_payload()
        for group in groups if isinstance(groups, list) else ():
            if not isinstance(group, Message):
                continue
            # The one that was written to first: the final one may be where it was forwarded to.
            told = group.get("Original-Recipient") or group.get("Final-Recipient")
            if not told:
                continue
            code = short_line(group.get("Status") or "")
            diagnosis = short_line(group.get("Diagnostic-Code") or "")
            response = diagnosis if _CODE.search(diagnosis) else f"{code} {diagnosis}".strip()
            said = _Said(action=str(group.get("Action") or "").strip().lower(), response=response)
            for name in ("Original-Recipient", "Final-Recipient"):
                if group.get(name):
                    yield _address(str(group[name]).rpartition(";")[2].strip()), said


def _complained(mail: Message) -> str | None:
    """Return who has complained, by a feedback report of the kind `abuse`; empty: it does not say."""
    for part in mail.walk():
        if part.get_content_type() == "message/feedback-report":
            fields = _fields(part)
            if fields.get("feedback-type", "").strip().lower() == "abuse":
                return _address(fields.get("original-rcpt-to", ""))
    return None


def _fields(part: Message) -> Mapping[str, str]:
    payload = part.get_payload()
    told = payload[0] if isinstance(payload, list) and payload else message_from_bytes(_decoded(part))
    return {name.lower(): str(value) for name, value in told.items()} if isinstance(told, Message) else {}


def _texts(mail: Message) -> Iterator[str]:
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            yield _decoded(part).decode(errors="replace")


def _code_in_text(mail: Message) -> str:
    """Return the first code of a mail server (RFC 3463) in the words of a bounce that has no parts."""
    found = (match for text in _texts(mail) if (match := _CODE.search(text)))
    first = next(found, None)
    return first[0] if first else ""


def _reason(response: str) -> RejectReason:
    code = _CODE.search(response)
    if code is None:
        return RejectReason.OTHER
    class_, subject, detail = code.groups()
    if class_ == "4":
        return RejectReason.TIMED_OUT
    if f"{subject}.{detail}" == _SYNTAX:
        return RejectReason.INVALID
    return RejectReason.BLOCKED if subject == _POLICY else RejectReason.BOUNCED


def _decoded(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _address(told: bytes | str) -> str:
    text = told.decode(errors="replace") if isinstance(told, bytes) else told
    return fold_email(short_line(parseaddr(text)[1] or text))


def _date(mail: Message) -> datetime | None:
    try:
        read = parsedate_to_datetime(str(mail.get("Date") or ""))
    except (ValueError, OverflowError):
        return None
    # `-0000`, and no zone at all, is the time of somebody who does not say where: UTC (RFC 5322, 3.3).
    return read.replace(tzinfo=UTC) if read.utcoffset() is None else read
