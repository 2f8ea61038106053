"""Find plugins: the entry points of installed distributions, by their metadata alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points

from aftercare_sdk.errors import PluginError
from aftercare_sdk.plugins.blame import fault

GROUP = "aftercare"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginSource:
    """A plugin before it is checked: an object at hand, or an entry point that is not imported yet.

    `name` is the stable name: what the plugin has remembered and done is filed under it for ever.
    """

    name: str
    obj: object = field(default=None, repr=False)
    distribution: str = ""
    version: str = ""
    entry_point: EntryPoint | None = None

    @property
    def title(self) -> str:
        """The plugin and where it comes from, for messages."""
        origin = f"{self.distribution} {self.version}".strip() or "given by the application"
        return f"plugin {self.name!r} ({origin})"


def find_plugins(group: str = GROUP) -> tuple[PluginSource, ...]:
    """Return the plugins of all installed distributions; imports nothing."""
    found = (_source(entry_point) for entry_point in entry_points(group=group))
    return tuple(sorted(found, key=lambda source: (source.name, source.distribution)))


def in_order(sources: Iterable[PluginSource], order: Sequence[str] = ()) -> tuple[PluginSource, ...]:
    """Return `sources` as `order` names them, the others behind, by name."""
    places = {name: place for place, name in enumerate(dict.fromkeys(order))}
    return tuple(sorted(sources, key=lambda source: (places.get(source.name, len(places)), source.name)))


def refuse_same_names(sources: Iterable[PluginSource]) -> None:
    """Raise PluginError if a name is taken twice: which of the two is meant, only a person can say."""
    by_name: dict[str, list[PluginSource]] = {}
    for source in sources:
        by_name.setdefault(source.name, []).append(source)
    lines = [_same_name(same) for same in by_name.values() if len(same) > 1]
    if lines:
        raise PluginError("\n".join(lines))


def load(source: PluginSource) -> object:
    """Return the plugin object, importing it if need be.

    Raises PluginError if that fails, whatever the reason.
    """
    entry_point = source.entry_point
    if entry_point is None:
        return source.obj
    try:
        loaded: object = entry_point.load()
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"{source.title} cannot be imported from {entry_point.value!r}: "
            f"{fault(error, re.split('[.:]', entry_point.value)[0])}. "
            "Install what is missing, or another version of it; or switch it off: " + switch_off(source.name)
        ) from error
    return loaded


def switch_off(name: str) -> str:
    """Return the setting that keeps a plugin from being imported."""
    return f"`disabled = [{name!r}]` under [plugins] in aftercare.toml".replace("'", '"')


def _source(entry_point: EntryPoint) -> PluginSource:
    distribution = entry_point.dist
    return PluginSource(
        name=entry_point.name,
        # A distribution whose metadata file is lost has no name, in spite of its type.
        distribution=(distribution and distribution.name) or "",
        version=(distribution and distribution.version) or "",
        entry_point=entry_point,
    )


def _same_name(sources: Sequence[PluginSource]) -> str:
    titles = " and ".join(source.title for source in sources)
    return (
        f"{titles} have the same name, and only one can have it. Uninstall the one that is not meant, "
        "or give the application's own plugin another name."
    )
