"""A token that stays: of an app that a merchant made for one shop."""

from __future__ import annotations

from aftercare_sdk.errors import ConfigurationError
from aftercare_shopify.tokens.provider import is_token


class StaticToken:
    """Gives the one token that is configured."""

    __slots__ = ("_shop", "_token")

    def __init__(self, token: str, *, shop: str) -> None:
        if not is_token(token):
            raise ConfigurationError(
                f"shops.{shop}.access_token: this is no token of Shopify; copy it from where the app shows "
                "it once (it begins with shpat_)"
            )
        self._token, self._shop = token, shop

    def __repr__(self) -> str:
        return f"StaticToken(shop={self._shop!r})"

    @property
    def cure(self) -> str:
        """What a person must do when Shopify refuses the token."""
        return (
            f"give this shop a token that holds, as shops.{self._shop}.access_token: the app was removed, "
            "its token revoked, or it is one of another shop"
        )

    def token(self) -> str:
        """Return the token."""
        return self._token

    def renew(self, refused: str) -> bool:
        """There is no other."""
        return False
