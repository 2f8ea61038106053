"""What Shopify's GraphQL API answers: data, errors, users' errors, and what it cost.

All of it comes with HTTP status 200. Data may be there in part, with errors beside them: what an app may not
see is null, and that is normal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from aftercare_sdk.shops import parsing

# Words only: a code is shown, and must not carry anything of the answer along.
_CODE = re.compile(r"[A-Za-z]+(_[A-Za-z]+){0,12}|\d{3}", re.ASCII)
# What its own checks of an operation say is in camelCase; what may be otherwise tomorrow in capitals.
_OURS = re.compile(r"[a-z][A-Za-z]*", re.ASCII)
_OURS_TOO = frozenset(
    {
        "BAD_REQUEST",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "INVALID_VARIABLE",
        "MAX_COST_EXCEEDED",
    }
)
_SCOPE = re.compile(r"\b(?:read|write)_[a-z_]+[a-z]\b", re.ASCII)
_UNAPPROVED = "This app is not approved to"


class Sort(StrEnum):
    """What an error means for whoever asked."""

    THROTTLED = "throttled"
    LATER = "later"
    DENIED = "denied"
    CLOSED = "closed"
    OURS = "ours"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One of `errors`. `code` is Shopify's word, or empty; `path` leads to what is null because of it.

    `message` may quote what was asked, so it is never shown. `scopes` are those that Shopify says it needs.
    """

    code: str = ""
    path: tuple[str | int, ...] = ()
    message: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ()
    sort: Sort = Sort.OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class UserError:
    """One of `userErrors`: why a change was not made. `at` leads to the input that was wrong.

    `message` may quote what was asked, so it is never shown.
    """

    code: str = ""
    at: tuple[str, ...] = ()
    message: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.code or 'refused'} for {'.'.join(self.at) or 'the whole'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an operation cost in points, and how many the shop has left for this app."""

    requested: float = 0.0
    actual: float | None = None
    maximum: float | None = None
    available: float | None = None
    restored: float | None = None
    """Points that come back in a second."""

    @property
    def wait(self) -> float | None:
        """Seconds until there are points enough; None: the answer does not say."""
        if self.available is None or not self.restored:
            return None
        return max(0.0, (self.requested - self.available) / self.restored)

    @property
    def impossible(self) -> bool:
        """Whether there never are points enough, however long one waits."""
        return self.maximum is not None and self.requested > self.maximum


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What an operation gave. `data` is empty where there are none."""

    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    errors: tuple[Problem, ...] = ()
    user_errors: tuple[UserError, ...] = ()
    cost: Cost | None = None

    def withheld(self, *path: str | int) -> bool:
        """Tell whether what is null at `path`, such as `("nodes", 0)`, is so because of an error.

        If not, it is not there: the shop itself says so.
        """
        return any(problem.path and problem.path == path[: len(problem.path)] for problem in self.errors)


def read(body: bytes) -> Result | None:
    """Return what the body of an answer says; None: it is no answer of GraphQL."""
    try:
        told = parsing.parse(body)
    except ValueError:
        return None
    if not isinstance(told, dict) or not ("data" in told or "errors" in told):
        return None
    data = told.get("data")
    extensions = told.get("extensions")
    return Result(
        data=data if isinstance(data, dict) else {},
        errors=tuple(_problems(told.get("errors"))),
        user_errors=tuple(_user_errors(data)),
        cost=_cost(extensions.get("cost")) if isinstance(extensions, dict) else None,
    )


def _problems(told: Any) -> Iterator[Problem]:
    if isinstance(told, str | dict):
        # Refused before it came to GraphQL: one sentence, or sentences by subject.
        yield Problem(message=str(told))
        return
    for each in told if isinstance(told, list) else ():
        if not isinstance(each, dict):
            continue
        extensions = each.get("extensions")
        extensions = extensions if isinstance(extensions, dict) else {}
        code, message = _word(extensions.get("code")), str(each.get("message") or "")
        path = tuple(step for step in each.get("path") or () if isinstance(step, str | int))
        yield Problem(
            code=code,
            path=path,
            message=message,
            scopes=tuple(dict.fromkeys(_SCOPE.findall(str(extensions.get("requiredAccess") or "")))),
            sort=_sort(code, message, checked="locations" in each and not path),
        )


def _sort(code: str, message: str, *, checked: bool) -> Sort:
    if code in {"THROTTLED", "429"}:
        return Sort.THROTTLED
    if code in {"INTERNAL_SERVER_ERROR", "TIMEOUT", "SERVICE_UNAVAILABLE"} or re.fullmatch(r"5\d\d", code):
        return Sort.LATER
    if code == "ACCESS_DENIED" or message.startswith(_UNAPPROVED):
        return Sort.DENIED
    if code == "SHOP_INACTIVE":
        return Sort.CLOSED
    if code in _OURS_TOO or _OURS.fullmatch(code) or (checked and not code):
        # Without a code and a path, but with a place in the text: the text is wrong.
        return Sort.OURS
    return Sort.OTHER


def _user_errors(data: Any) -> Iterator[UserError]:
    for payload in data.values() if isinstance(data, dict) else ():
        told = payload.get("userErrors") if isinstance(payload, dict) else None
        for each in told if isinstance(told, list) else ():
            if isinstance(each, dict):
                yield UserError(
                    code=_word(each.get("code")),
                    at=tuple(str(step) for step in each.get("field") or ()),
                    message=str(each.get("message") or ""),
                )


def _cost(told: Any) -> Cost | None:
    if not isinstance(told, dict):
        return None
    status = told.get("throttleStatus")
    status = status if isinstance(status, dict) else {}
    return Cost(
        requested=_number(told.get("requestedQueryCost")) or 0.0,
        actual=_number(told.get("actualQueryCost")),
        maximum=_number(status.get("maximumAvailable")),
        available=_number(status.get("currentlyAvailable")),
        restored=_number(status.get("restoreRate")),
    )


def _number(told: Any) -> float | None:
    return float(told) if isinstance(told, int | float | Decimal) and not isinstance(told, bool) else None


def _word(told: Any) -> str:
    return told if isinstance(told, str) and _CODE.fullmatch(told) else ""
