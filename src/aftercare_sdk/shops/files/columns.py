"""Which column of a file means what, and what to write if that cannot be told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.shops.files.rows import Names

_CUTOFF = 0.6


def fold(name: str) -> str:
    """Return the form in which names of columns are compared."""
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def holds(header: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a file has all these columns."""
    return {fold(name) for name in names} <= {fold(name) for name in header}


def find(header: Sequence[str], wanted: Sequence[str]) -> Names:
    """Return the columns of a file among those that a format knows: each by its name there.

    Raises ConfigurationError for a column that stands twice.
    """
    places: dict[str, list[str]] = {}
    for name in header:
        places.setdefault(fold(name), []).append(name)
    found = {name: places[fold(name)] for name in wanted if fold(name) in places}
    for several in found.values():
        _only(several)
    return {name: several[0] for name, several in found.items()}


def _only(several: Sequence[str]) -> None:
    if len(several) > 1:
        raise ConfigurationError(f"the file has two columns {several[0]!r}; rename one of them")


def mapped(
    header: Sequence[str], required: Sequence[str], optional: Sequence[str], given: Mapping[str, str]
) -> Names:
    """Return the columns of a file by the canonical name, as somebody declared them or as they are called.

    Raises ConfigurationError for an unknown name on either side, and for a column that is missing.
    """
    canonical = (*required, *optional)
    for name, column in given.items():
        if name not in canonical:
            raise ConfigurationError(
                f"--map {name}=…: there is no {name!r}{_meant(name, canonical)}; "
                f"the columns are {', '.join(canonical)}"
            )
        if column not in header:
            raise ConfigurationError(
                f"--map {name}={column}: the file has no column {column!r}{_meant(column, header)}; "
                f"it has {_listed(header)}"
            )
        _only([each for each in header if each == column])
    names = {**find(header, [name for name in canonical if name not in given]), **given}
    missing = [name for name in required if name not in names]
    if missing:
        options = " ".join(f"--map {name}=…" for name in missing)
        raise ConfigurationError(
            f"the file has no column {', '.join(missing)}; it has {_listed(header)}. "
            f"Say which columns these are: {options}{_likely(missing, header)}"
        )
    return names


def _meant(name: str, known: Sequence[str]) -> str:
    """Return the name that was probably meant, as a question."""
    folded = {fold(each): each for each in known}
    close = get_close_matches(fold(name), folded, n=1, cutoff=_CUTOFF)
    return f" (did you mean {_first_line(folded[close[0]])!r}?)" if close else ""


def _likely(missing: Sequence[str], header: Sequence[str]) -> str:
    guesses = [f"{name}: {guess.strip(' ()')}" for name in missing if (guess := _meant(name, header))]
    return f" ({'; '.join(guesses)})" if guesses else ""


def _listed(header: Sequence[str]) -> str:
    return ", ".join(map(_first_line, header)) or "none"


def _first_line(name: str) -> str:
    """Return what can be shown of a name: an open quotation mark may have made rows a part of it."""
    return next(iter(name.splitlines()), "")
