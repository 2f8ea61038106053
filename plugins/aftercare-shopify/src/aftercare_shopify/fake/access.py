"""Who may ask, and for what: tokens, scopes, and the approval to see personal data."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

TOKEN, SECRET, CLIENT_ID = (
    "shpat_fake_token_of_a_fake_shop",
    "shpss_fake_secret_of_a_fake_app",
    "fake_client_id",
)
"""The token, the client secret and the client id that every fake shop knows."""

SCOPES = (
    "read_all_orders",
    "read_customers",
    "write_customers",
    "read_discounts",
    "write_discounts",
    "read_fulfillments",
    "read_orders",
    "write_orders",
    "read_own_subscription_contracts",
    "read_products",
    "write_products",
    "read_returns",
)
"""What a fake app may do if nothing else is said."""

PERSONAL = frozenset({"name", "email", "phone", "address"})
"""The kinds of personal data that Shopify approves one by one."""

LIFE = timedelta(hours=1)
CREDENTIALS_LIFE = timedelta(hours=24)
REFRESH_LIFE = timedelta(days=90)
ROTATION = timedelta(hours=1)


@dataclass(slots=True)
class Token:
    """A token that was given out. `expires` None lives for ever."""

    expires: datetime | None


@dataclass(slots=True)
class Refresh:
    """A refresh token: usable until it expires, or until the one that replaced it is used."""

    expires: datetime
    replaced: str | None = None


@dataclass(slots=True)
class Access:
    """Tokens, scopes and approvals of the app in this shop.

    `approved` are the kinds of personal data that the app may see; None means that it may not even know of
    customers. `installed` False turns every request away.
    """

    clock: Callable[[], datetime] = field(repr=False)
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    approved: frozenset[str] | None = PERSONAL
    installed: bool = True
    client_id: str = CLIENT_ID
    secret: str = field(default=SECRET, repr=False)
    tokens: dict[str, Token] = field(default_factory=lambda: {TOKEN: Token(None)}, repr=False)
    refreshes: dict[str, Refresh] = field(default_factory=dict, repr=False)
    same_organisation: bool = True
    """Whether the app and the shop belong together: only then are client credentials taken."""
    _old_secret: str = field(default="", repr=False)
    _rotated: datetime | None = None

    def knows(self, token: str) -> bool:
        """Return whether a token may be used now."""
        known = self.tokens.get(token)
        return (
            self.installed and known is not None and (known.expires is None or self.clock() < known.expires)
        )

    def may(self, needed: frozenset[str]) -> bool:
        """Return whether the app has one of some scopes; who may write may read."""
        if needed <= set() or needed & self.scopes:
            return True
        writes = {
            f"read_{scope.removeprefix('write_')}" for scope in self.scopes if scope.startswith("write_")
        }
        return not needed or bool(needed & (self.scopes | writes))

    def sees(self, kind: str) -> bool:
        """Return whether the app may see a kind of personal data."""
        return self.approved is not None and kind in self.approved

    def give(self, life: timedelta | None = LIFE) -> str:
        """Make a token that lives so long."""
        token = f"shpat_{secrets.token_hex(16)}"
        self.tokens[token] = Token(None if life is None else self.clock() + life)
        return token

    def connect(self) -> tuple[str, str]:
        """Give an expiring token and its refresh token, as the installation of an app does."""
        return self.give(), self._refresh()

    def refresh(self, told: str) -> tuple[str, str] | None:
        """Change a refresh token for a new pair; None if it is dead.

        The old one stays usable until the new one is used, so that an answer that was lost can be asked for
        again.
        """
        known = self.refreshes.get(told)
        if not self.installed or known is None or self.clock() >= known.expires:
            return None
        for old in [name for name, each in self.refreshes.items() if each.replaced == told]:
            del self.refreshes[old]
        if known.replaced is not None:
            self.refreshes.pop(known.replaced, None)
        known.replaced = self._refresh()
        return self.give(), known.replaced

    def rotate(self, secret: str) -> None:
        """Give the app a new client secret. For an hour webhooks may still be signed with the old one."""
        self._old_secret, self._rotated, self.secret = self.secret, self.clock(), secret

    def signing(self, *, old: bool = False) -> str:
        """Return what webhooks are signed with: `old` asks for the former secret, while it is still used."""
        if old and self._rotated is not None and self.clock() < self._rotated + ROTATION:
            return self._old_secret
        return self.secret

    def _refresh(self) -> str:
        token = f"shprt_{secrets.token_hex(16)}"
        self.refreshes[token] = Refresh(self.clock() + REFRESH_LIFE)
        return token
