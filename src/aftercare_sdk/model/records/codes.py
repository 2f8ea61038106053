"""Discount codes, as everything that was told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aftercare_sdk.model.codes import CodeSnapshot
from aftercare_sdk.model.records.registers import later_of, merge_registers, told
from aftercare_sdk.model.versions import Register, Version

_PRECISION = timedelta(seconds=1)
"""How exactly platforms keep the end of a code."""
_EVER_SINCE = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeState:
    """Whether a code was switched on at a moment, and when it was to end by itself; None: never."""

    active: bool
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRecord:
    """Everything told of one code. `states` by the moment that they show, all of which are kept.

    Of a code that was switched off before its time and told of again after it, the latest word alone would
    say that its time was over.
    """

    shop: str
    id: str
    latest: Version
    code: Register[str] | None = None
    states: Mapping[str, Register[CodeState]] = field(default_factory=dict)
    deleted: Register[bool] | None = None

    def merge(self, other: CodeRecord) -> CodeRecord:
        """Return both in one."""
        return merge_registers(self, other, states=_all((self, other)))


def code_record(snapshot: CodeSnapshot) -> CodeRecord:
    """Return one picture of a code as a record."""
    version, active = snapshot.version, snapshot.active
    is_told = active is not None
    return CodeRecord(
        shop=snapshot.shop,
        id=snapshot.id,
        latest=version,
        code=told(snapshot.code, version),
        states={} if active is None else _at(version, CodeState(active=active, ends_at=snapshot.ends_at)),
        deleted=Register(value=False, version=version) if is_told else None,
    )


def gone_code(shop: str, code: str, version: Version) -> CodeRecord:
    """Return the record of a code that the shop no longer has: nobody can use it."""
    return CodeRecord(
        shop=shop,
        id=code,
        latest=version,
        states=_at(version, CodeState(active=False)),
        deleted=Register(value=True, version=version),
    )


def ends_at(records: Iterable[CodeRecord], agreed: datetime) -> datetime:
    """Return until when a code can be used, which all these records tell of: `agreed`, or sooner.

    It ends sooner if it is switched off by then, or if its own end was put back. Whatever is told of the
    time from `agreed` on changes nothing: it had ended.
    """
    before = sorted(
        (state for state in _all(records).values() if _moment(state.version) < agreed),
        key=lambda state: state.version.rank,
    )
    if not before:
        return agreed
    last = before[-1]
    if last.value.active:
        own = last.value.ends_at
        return agreed if own is None or own + _PRECISION > agreed else own
    since = last
    for state in reversed(before):
        if state.value.active:
            break
        since = state
    return _moment(since.version)


def _all(records: Iterable[CodeRecord]) -> dict[str, Register[CodeState]]:
    states: dict[str, Register[CodeState]] = {}
    for record in records:
        for moment, state in record.states.items():
            states[moment] = later_of(states.get(moment, state), state)
    return states


def _at(version: Version, state: CodeState) -> dict[str, Register[CodeState]]:
    moment = version.instant
    return {"" if moment is None else moment.isoformat(): Register(state, version)}


def _moment(version: Version) -> datetime:
    return version.instant or _EVER_SINCE
