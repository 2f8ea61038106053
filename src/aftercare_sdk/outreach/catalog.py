"""Templates as files: `<folder>/<locale>/<name>.subject.liquid`, `.txt.liquid` and `.html.liquid`.

The SDK's own templates lie in such a folder, and so do those of a shop that wants other words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from aftercare_sdk.errors import SettingsError
from aftercare_sdk.model.messages import Template
from aftercare_sdk.outreach.locales import canonical

PARTS: Mapping[str, str] = {
    ".subject.liquid": "subject",
    ".txt.liquid": "text",
    ".html.liquid": "html",
}


@cache
def builtin_templates() -> tuple[Template, ...]:
    """Return the templates that come with the SDK."""
    return load_folder(files("aftercare_sdk.outreach") / "templates")


def load_folder(folder: Traversable) -> tuple[Template, ...]:
    """Read every template of a folder (a `pathlib.Path` will do). Raises SettingsError with all problems."""
    if not folder.is_dir():
        raise SettingsError(str(folder), ("there is no such folder; create it or correct the path",))
    problems: list[str] = []
    sources: dict[tuple[str, str], dict[str, str]] = {}
    for language in _visible(folder):
        try:
            _check_language(language)
        except _Unfit as problem:
            problems.append(f"{language.name}: {problem}")
            continue
        for file in _visible(language):
            try:
                name, part, source = _read(file)
            except _Unfit as problem:
                problems.append(f"{language.name}/{file.name}: {problem}")
            else:
                sources.setdefault((name, language.name), {})[part] = source
    for (name, locale), found in sources.items():
        problems.extend(
            f"{locale}/{name}{suffix}: missing; a template has a subject, a text and an HTML part (REND-10)"
            for suffix, part in PARTS.items()
            if part not in found
        )
    if problems:
        raise SettingsError(str(folder), tuple(problems))
    return tuple(
        Template(name=name, locale=locale, **sources[name, locale]) for name, locale in sorted(sources)
    )


def override(
    templates: Mapping[tuple[str, str], Template], by: Iterable[Template]
) -> dict[tuple[str, str], Template]:
    """Return `templates` with those of a shop's own folder in place of their namesakes, or beside them."""
    return {**templates, **{(template.name, template.locale): template for template in by}}


class _Unfit(Exception):
    """What is wrong with a file or folder, and the cure."""


def _check_language(folder: Traversable) -> None:
    if not folder.is_dir():
        raise _Unfit("templates belong into a folder named for their locale, such as ja")
    if canonical(folder.name) != folder.name:
        cure = canonical(folder.name) or "ja, en or pt-BR"
        raise _Unfit(f"not the name of a locale; rename the folder, to {cure} for instance")


def _read(file: Traversable) -> tuple[str, str, str]:
    """Return name, part and source."""
    for suffix, part in PARTS.items():
        if file.name.endswith(suffix) and file.name != suffix:
            try:
                source = file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                raise _Unfit("not UTF-8; save the file in that encoding (REND-07)") from None
            except OSError as error:
                raise _Unfit(f"cannot be read ({error.strerror})") from None
            return file.name.removesuffix(suffix), part, source.removeprefix("\ufeff")
    raise _Unfit(f"the name must end in one of {', '.join(PARTS)}")


def _visible(folder: Traversable) -> list[Traversable]:
    entries = (entry for entry in folder.iterdir() if not entry.name.startswith(("__pycache__", ".")))
    return sorted(entries, key=lambda entry: entry.name)
