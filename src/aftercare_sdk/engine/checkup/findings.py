"""What a check found, and the checks' common manner: none of them ends the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from aftercare_sdk.errors import AftercareError, ConfigurationError, SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. A finding that is `ok` and has a `cure` is a hint.

    Neither text holds personal data or a secret.
    """

    name: str
    ok: bool
    told: str
    cure: str = ""


Check = Callable[[], Iterable[Finding]]


def problem(name: str, line: str, cure: str = "correct it") -> Finding:
    """Return the finding of a line that tells what is wrong and, behind a semicolon, the cure."""
    told, _, own_cure = line.partition("; ")
    return Finding(name=name, ok=False, told=told, cure=own_cure or cure)


def guarded(name: str, check: Check) -> Iterator[Finding]:
    """Yield what a check finds; if it breaks, that is a finding as well."""
    try:
        yield from check()
    except SettingsError as error:
        for line in error.problems:
            yield problem(name, line)
    except AftercareError as error:
        cure = "mend that" if isinstance(error, ConfigurationError) else "try again when it can be reached"
        yield problem(name, str(error), cure)
    except Exception as error:  # noqa: BLE001 - the other checks must still be made
        # Only the kind: the words of a foreign error may hold a secret or a customer's name.
        told = f"the check itself failed with {type(error).__name__}"
        cure = "report it, with the version of aftercare-sdk and of the plugins"
        yield Finding(name=name, ok=False, told=told, cure=cure)
