"""The file that keeps the tokens of one shop: for its owner only, written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aftercare_sdk.errors import ConfigurationError, PlatformUnavailable

PATIENCE = 200.0
"""Seconds to wait for another process that asks for a token: longer than its tries may take."""

_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of one shop's tokens.

    `seed` is a fingerprint of the configured refresh token that these came from. `denied` are fingerprints of
    refresh tokens that Shopify no longer takes, with when it said so and in which word.
    """

    access_token: str = field(default="", repr=False)
    expires_at: datetime | None = None
    refresh_token: str = field(default="", repr=False)
    refresh_expires_at: datetime | None = None
    seed: str = ""
    denied: tuple[tuple[str, datetime, str], ...] = ()


def fingerprint(*secret: str) -> str:
    """Return what tells two secrets apart and none of them."""
    return hashlib.sha256("\0".join(secret).encode()).hexdigest()[:32]


class Vault:
    """One shop's file. It is bound to a shop and an app, so that no other's tokens are ever taken from it."""

    __slots__ = ("_app", "_domain", "_file", "_shop")

    def __init__(self, file: Path, *, shop: str, domain: str, app: str) -> None:
        # A symbolic link would be replaced by the file.
        self._file = file.resolve()
        self._shop, self._domain, self._app = shop, domain, app

    def __repr__(self) -> str:
        return f"Vault({str(self._file)!r})"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the file against all other threads and processes. Raises PlatformUnavailable after a while."""
        from filelock import FileLock, Timeout

        # A new one at each time: each has a handle of its own, so threads exclude each other as well.
        lock = FileLock(f"{self._file}.lock", mode=_OWNER_ONLY)
        trouble: Exception | None = None
        try:
            lock.acquire(timeout=PATIENCE)
        except Timeout:
            trouble = PlatformUnavailable(
                f"shop {self._shop!r}: another process keeps {self._file} locked, while it asks for a token"
            )
        except OSError as error:
            trouble = self._unusable(error)
        if trouble is not None:
            raise trouble
        try:
            yield
        finally:
            lock.release()

    def read(self) -> Kept:
        """Return what is kept; nothing, if there is no file. Raises ConfigurationError for another file."""
        trouble: ConfigurationError | None = None
        told: Any = None
        try:
            text = self._file.read_text(encoding="utf-8")
            told = json.loads(text) if text.strip() else {}
        except FileNotFoundError:
            return Kept()
        except OSError as error:
            trouble = self._unusable(error)
        except ValueError:
            trouble = self._no_tokens()
        if trouble is not None:
            # Outside the handlers: the decoder's error holds the text.
            raise trouble
        if not isinstance(told, dict):
            raise self._no_tokens()
        if told and (told.get("domain"), told.get("client_id")) != (self._domain, self._app):
            raise ConfigurationError(
                f"shops.{self._shop}.token_file: {self._file} holds the tokens of another shop or app; name "
                "a file for each shop, or delete this one if the app was replaced"
            )
        try:
            kept = Kept(
                access_token=str(told.get("access_token") or ""),
                expires_at=_moment(told.get("expires_at")),
                refresh_token=str(told.get("refresh_token") or ""),
                refresh_expires_at=_moment(told.get("refresh_expires_at")),
                seed=str(told.get("seed") or ""),
                denied=tuple(
                    (str(one["token"]), datetime.fromisoformat(one["at"]), str(one["code"]))
                    for one in told.get("denied") or ()
                ),
            )
        except (ValueError, TypeError, LookupError):
            trouble = self._no_tokens()
        else:
            return kept
        raise trouble

    def write(self, kept: Kept) -> None:
        """Replace what is kept, so that a crash leaves the old or the new. Raises ConfigurationError."""
        told = {
            "domain": self._domain,
            "client_id": self._app,
            "access_token": kept.access_token,
            "expires_at": kept.expires_at and kept.expires_at.isoformat(),
            "refresh_token": kept.refresh_token,
            "refresh_expires_at": kept.refresh_expires_at and kept.refresh_expires_at.isoformat(),
            "seed": kept.seed,
            "denied": [
                {"token": token, "at": at.isoformat(), "code": code} for token, at, code in kept.denied
            ],
        }
        new = self._file.with_name(f".{self._file.name}.{secrets.token_hex(8)}")
        trouble: OSError | None = None
        try:
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(told, stream, indent=1)
                stream.flush()
                os.fsync(stream.fileno())
            new.replace(self._file)
            _settle(self._file.parent)
        except OSError as error:
            trouble = error
            with suppress(OSError):
                new.unlink(missing_ok=True)
        if trouble is not None:
            raise self._unusable(trouble)

    def _unusable(self, error: OSError) -> ConfigurationError:
        return ConfigurationError(
            f"shops.{self._shop}.token_file: {self._file} cannot be used "
            f"({error.strerror or type(error).__name__}); name one in a folder that this program may write to"
        )

    def _no_tokens(self) -> ConfigurationError:
        return ConfigurationError(
            f"shops.{self._shop}.token_file: {self._file} is no file of tokens; name another one, or move it "
            f"away and give shops.{self._shop}.refresh_token"
        )


def _settle(folder: Path) -> None:
    """Make the new name of a file outlive a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _moment(told: Any) -> datetime | None:
    if told is None:
        return None
    moment = datetime.fromisoformat(told)
    if moment.tzinfo is None:
        raise ValueError("a time without an offset")
    return moment
