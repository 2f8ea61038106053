"""Every error the SDK raises, in branches that decide whether a retry helps.

    AftercareError
    ├── ConfigurationError          a person must change something; retrying cannot help
    │   ├── SettingsError           aftercare.toml: every problem at once, each with path and cure
    │   ├── PluginError             a plugin that cannot be registered
    │   ├── SchemaVersionError      the database has another schema than this release
    │   └── ClockRefused            a virtual clock on a live database
    ├── TransientError              the world is at fault; the same call may work later
    │   ├── StorageUnavailable      the database cannot be written or reached
    │   ├── PlatformUnavailable     a shop platform is down, slow or throttling
    │   └── DeciderBusy             another process decides for this brand
    ├── InputError                  something from outside is not what it must be
    │   ├── SignatureError          a request that the shop did not sign
    │   ├── TranslationError        a signed body that the adapter cannot understand
    │   ├── RedemptionRefused       a reward that this customer cannot have now
    │   ├── UnknownCustomer         nobody is known by the account or order that was named
    │   └── CommandRefused          a shop platform that will never do what it was asked for
    └── Bug                         this SDK or a plugin broke its own contract
        ├── InvalidAction           a hook returned an action that cannot be carried out
        ├── CascadeTooDeep          events that raise events, more than eight deep
        └── Fenced                  work done by a decider that has been replaced

No message, argument or repr of these errors holds personal data or a secret.
"""

from __future__ import annotations


class AftercareError(Exception):
    """Root of the tree."""


class ConfigurationError(AftercareError):
    """A person must change something; retrying cannot help."""


class SettingsError(ConfigurationError):
    """Everything that is wrong with a configuration, one line each."""

    def __init__(self, source: str, problems: tuple[str, ...]) -> None:
        self.source = source
        self.problems = problems
        super().__init__("\n".join((f"{source} cannot be used:", *(f"  {line}" for line in problems))))


class PluginError(ConfigurationError):
    """A plugin that cannot be registered."""


class SchemaVersionError(ConfigurationError):
    """The database has another schema than this release of the SDK."""


class ClockRefused(ConfigurationError):
    """A virtual clock was asked for on a database that is not marked as demo or replay."""


class TransientError(AftercareError):
    """The world is at fault; the same call may work later."""


class StorageUnavailable(TransientError):
    """The database cannot be written or reached; nothing was acknowledged.

    `contended`: only because another transaction wanted the same rows; the same one may work at once.
    """

    def __init__(self, message: str = "", *, contended: bool = False) -> None:
        self.contended = contended
        super().__init__(message)


class PlatformUnavailable(TransientError):
    """A shop platform is down, slow or throttling."""


class DeciderBusy(TransientError):
    """Another process decides for this brand."""


class InputError(AftercareError):
    """Something from outside is not what it must be."""


class SignatureError(InputError):
    """A request that the shop did not sign."""


class TranslationError(InputError):
    """A signed body that the adapter cannot understand; it is stored and parked."""


class CommandRefused(InputError):
    """A shop platform will never do what it was asked for. The message says why, in words of ours."""


class RedemptionRefused(InputError):
    """A customer cannot have a reward now. `why` is a word for programs, the message says it to people.

    `no_such_reward`, `nobody`, `not_enough_points` (`available` says how many there are), `too_late` for a
    code that is used, expired or gone when it is to be cancelled.
    """

    def __init__(self, message: str, *, why: str, available: int | None = None) -> None:
        self.why = why
        self.available = available
        super().__init__(message)


class UnknownCustomer(InputError):
    """Nobody is known by the account or the order that was named; by tomorrow, somebody may be."""


class Bug(AftercareError):
    """The SDK or a plugin broke its own contract."""


class InvalidAction(Bug):
    """A hook returned an action that cannot be carried out."""


class CascadeTooDeep(Bug):
    """Events that raise events, more than eight deep."""


class Fenced(Bug):
    """Work done by a decider that has been replaced; everything it did is discarded."""


__all__ = [
    "AftercareError",
    "Bug",
    "CascadeTooDeep",
    "ClockRefused",
    "ConfigurationError",
    "DeciderBusy",
    "Fenced",
    "InputError",
    "InvalidAction",
    "PlatformUnavailable",
    "PluginError",
    "RedemptionRefused",
    "SchemaVersionError",
    "SettingsError",
    "SignatureError",
    "StorageUnavailable",
    "TransientError",
    "TranslationError",
    "UnknownCustomer",
]
