"""From a template and what is known of a person to a subject, a text and an HTML part."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import cast

from liquid.exceptions import LiquidError, UndefinedError
from liquid.static_analysis import Segments, TemplateAnalysis
from liquid.template import BoundTemplate

from aftercare_sdk.errors import ConfigurationError, InputError, SettingsError
from aftercare_sdk.model.actions import Purpose
from aftercare_sdk.model.messages import Template
from aftercare_sdk.model.money import Money
from aftercare_sdk.outreach.adverts import Advert, adverts_in
from aftercare_sdk.outreach.characters import one_line, without_controls
from aftercare_sdk.outreach.liquid_language import Language, Part, WrongValue, prepare
from aftercare_sdk.outreach.locales import LAST_RESORT, canonical, fallbacks, parse_locale
from aftercare_sdk.outreach.variables import NEEDED, VARIABLES

PARTS = ("subject", "text", "html")
CURE = 'make it purpose = "marketing" or take that out of the template (LAW-02)'
"""What to do about a template that advertises in a message that is no marketing."""
# REND-03: nothing in a mail is loaded from elsewhere, and nothing in it runs.
_LISTS = frozenset(f"{path.partition('[]')[0]}[]" for path in VARIABLES if "[]" in path)
_FOREIGN = re.compile(r"<\s*(script|link|iframe|object|embed|form)\b|@import\b", re.IGNORECASE)


class UnknownTemplate(ConfigurationError):
    """There is no template of this name in any language that the message may be written in."""

    def __init__(self, template: str, locales: tuple[str, ...]) -> None:
        self.template = template
        self.locales = locales
        super().__init__(f"no template {template!r} in {', '.join(locales)}; add one or correct the name")


class TemplateFailed(ConfigurationError):
    """A template broke while it was filled; the message is not sent, not even in part (REND-04)."""

    def __init__(self, template: str, locale: str, part: str, line: int | None, problem: str) -> None:
        self.template = template
        self.locale = locale
        self.part = part
        self.line = line
        self.problem = problem
        super().__init__(f"{_place(template, locale, part, line)}: {problem}")


class MissingVariable(InputError):
    """A template needs something that is not known of this person or order (REND-05)."""

    def __init__(self, template: str, locale: str, part: str, line: int | None, variable: str) -> None:
        self.template = template
        self.locale = locale
        self.part = part
        self.line = line
        self.variable = variable
        cure = f"; {NEEDED[variable]}" if variable in NEEDED else ""
        super().__init__(f"{_place(template, locale, part, line)}: {variable} is not known{cure}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A message ready to be sent. Its words are personal data.

    `locale` is the template's. `version` is the SHA-256 of the template's sources, `digest` that of the
    result (REND-12).
    """

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    locale: str
    version: str

    @property
    def digest(self) -> str:
        """What identifies exactly these words, in place of them."""
        return _sha256(self.subject, self.text, self.html)


@dataclass(frozen=True, slots=True)
class _Compiled:
    parts: Mapping[str, BoundTemplate]
    version: str
    lists_items: bool


class Composer:
    """Every template, compiled once; a wrong one is found here and not when a message is due.

    Raises SettingsError with every problem of every template: syntax, unknown filters, variables outside the
    declared context (`aftercare_sdk.outreach.variables`), missing parts, content from elsewhere.
    """

    def __init__(self, templates: Mapping[tuple[str, str], Template]) -> None:
        self._compiled: dict[tuple[str, str], _Compiled] = {}
        self._adverts: dict[str, tuple[Advert, ...]] = {}
        problems: list[str] = []
        for (name, locale), template in sorted(templates.items()):
            if canonical(locale) != locale:
                cure = f"write it {canonical(locale) or 'ja, en or pt-BR'}"
                problems.append(f"{name} ({locale}): not the spelling of a locale; {cure}")
            parts = {}
            for part in PARTS:
                compiled, found, adverts = _compile(template, part)
                problems.extend(found)
                if compiled is not None:
                    parts[part] = compiled
                if adverts:
                    self._adverts[name] = (*self._adverts.get(name, ()), *adverts)
            version = _sha256(template.subject, template.text, template.html)
            lists_items = any("items" in getattr(template, part) for part in PARTS)
            self._compiled[name, locale] = _Compiled(parts, version, lists_items)
        if problems:
            raise SettingsError("the message templates", tuple(problems))

    @property
    def adverts(self) -> Mapping[str, tuple[Advert, ...]]:
        """What advertises, and where, in any language of the templates that do, by name (LAW-02)."""
        return self._adverts

    def check_purpose(self, template: str, purpose: Purpose) -> None:
        """Raise TemplateFailed for a template that advertises in a message that is no marketing (LAW-02)."""
        found = self._adverts.get(template)
        if found and purpose is not Purpose.MARKETING:
            first = found[0]
            problem = f"{first.what} advertises, and the message is {purpose.value}; {CURE}"
            raise TemplateFailed(template, first.locale, first.part, first.line, problem)

    def sources(self, template: str) -> str:
        """Return the SHA-256 of a template in all its languages (REND-12)."""
        versions = (
            f"{locale} {compiled.version}"
            for (name, locale), compiled in self._compiled.items()
            if name == template
        )
        return _sha256(*versions)

    def compose(
        self, template: str, locale: str, variables: Mapping[str, object], *, shop_locale: str = LAST_RESORT
    ) -> Composed:
        """Fill `template` in the best language there is for `locale`.

        `variables` is what `message_variables` returns. Raises UnknownTemplate, TemplateFailed (a person must
        mend the template) or MissingVariable (this message cannot be written); none holds personal data.
        """
        candidates = tuple(fallbacks(locale, shop_locale))
        found = next((it for it in candidates if (template, it) in self._compiled), None)
        if found is None:
            raise UnknownTemplate(template, candidates)
        compiled = self._compiled[template, found]
        if not compiled.lists_items:  # orders are long, and few templates look at them twice
            variables = {name: value for name, value in variables.items() if name != "items"}
        prepared = prepare(variables, locale=_formats(found, locale, shop_locale))
        rendered = {part: _render(compiled.parts[part], template, found, part, prepared) for part in PARTS}
        return Composed(
            subject=one_line(rendered["subject"]),
            text=_tidy(rendered["text"]),
            html=_tidy(rendered["html"]),
            locale=found,
            version=compiled.version,
        )


@cache
def _language(*, html: bool) -> Language:
    return Language(html=html)


@lru_cache(maxsize=1_000)
def _compile(
    template: Template, part: str
) -> tuple[BoundTemplate | None, tuple[str, ...], tuple[Advert, ...]]:
    """Return a part, compiled, what is wrong with it, and what in it advertises.

    Several brands of a process share what is equal.
    """
    source: str = getattr(template, part)
    place = (template.name, template.locale, part)
    if not source.strip():
        cure = f"write it, every message has {', '.join(PARTS)} (REND-10)"
        return None, (f"{_place(*place)}: empty; {cure}",), ()
    try:
        compiled = _language(html=part == "html").from_string(source)
    except LiquidError as error:
        return None, (f"{_place(*place, _line(error))}: {error.message}",), ()
    used = compiled.analyze(include_partials=False)
    problems = [f"{_place(*place, line)}: {problem}" for line, problem in _problems(compiled, used, source)]
    if part == "html" and (foreign := _FOREIGN.search(source)):
        line = source.count("\n", 0, foreign.start()) + 1
        cure = f"take {foreign[0]!r} out, mails load and run nothing (REND-03)"
        problems.append(f"{_place(*place, line)}: {cure}")
    if not problems:
        problems = [f"{_place(*place, line)}: {problem}" for line, problem in _trial(compiled)]
    adverts = {(_line_at(source, index), what) for index, what in adverts_in(used, source)}
    return (
        compiled,
        tuple(problems),
        tuple(
            Advert(template=template.name, locale=template.locale, part=part, line=line, what=what)
            for line, what in sorted(adverts)
        ),
    )


def _render(compiled: BoundTemplate, template: str, locale: str, part: str, variables: object) -> str:
    place = (template, locale, part)
    try:
        rendered = compiled.render(variables)
    except UndefinedError as error:
        raise MissingVariable(*place, _line(error), _undefined_name(error)) from None
    except LiquidError as error:
        # Its text may quote a value; the name of its kind never does.
        raise TemplateFailed(*place, _line(error), _kind_in_words(error)) from None
    except Exception as error:  # noqa: BLE001 - whatever broke, half a mail must not leave (REND-04)
        raise TemplateFailed(*place, None, _kind_in_words(error)) from None
    if not rendered.strip():
        raise TemplateFailed(*place, None, "came out empty")
    return rendered


def _problems(compiled: BoundTemplate, used: TemplateAnalysis, source: str) -> Iterator[tuple[int, str]]:
    """Yield line and problem of whatever the template uses that does not exist (REND-05)."""
    undeclared = {(line, problem) for line, problem in _undeclared(used, source)}
    yield from sorted(undeclared)
    for name, places in used.filters.items():
        if name not in compiled.env.filters:
            cure = _did_you_mean(name, compiled.env.filters)
            yield _line_at(source, places[0].index), f"there is no filter {name}{cure}"


def _undeclared(used: TemplateAnalysis, source: str) -> Iterator[tuple[int, str]]:
    for variable in (variable for named in used.variables.values() for variable in named):
        if any(isinstance(segment, list) for segment in variable.segments):
            line = _line_at(source, variable.span.index)
            yield line, f"{variable} takes its name from another variable; write the name out"
    for variable in (variable for named in used.globals.values() for variable in named):
        path = _declared_form(variable.segments)
        if path is not None and path not in VARIABLES and not _is_data(path):
            cure = _did_you_mean(path, VARIABLES) or f"; a template may use {', '.join(VARIABLES)}"
            yield _line_at(source, variable.span.index), f"there is no variable {variable}{cure}"


def _declared_form(segments: Segments) -> str | None:
    """Return `order.lines[].title` for `order.lines[0].title`; None if it cannot be known before."""
    path = ""
    for position, segment in enumerate(segments):
        if isinstance(segment, list):
            return None
        if isinstance(segment, int) or (segment in {"first", "last"} and f"{path}[]" in _LISTS):
            path += "[]"
        elif segment == "size" and position == len(segments) - 1 and f"{path}[]" in _LISTS:
            continue
        else:
            path += f".{segment}" if path else segment
    return path.removesuffix("[]")


def _is_data(path: str) -> bool:
    path = path.removeprefix("items[].")
    return path == "data" or (path.startswith("data.") and path.count(".") == 1)


def _trial(compiled: BoundTemplate) -> Iterator[tuple[int | None, str]]:
    """Fill the template with a sample in which everything is known, to find what the analysis cannot see.

    Only faults that do not depend on the sample's values count.
    """
    try:
        compiled.render(_sample())
    except UndefinedError as error:
        yield _line(error), f"there is no variable {_undefined_name(error)}; see {', '.join(VARIABLES)}"
    except WrongValue as error:
        yield _line(error), str(error.message)
    except LiquidError:
        pass


class _AnyName(Part):
    """What a plugin may give: a string under any name."""

    __slots__ = ()

    def __missing__(self, key: str) -> str:
        return "sample"


@cache
def _sample() -> Mapping[str, object]:
    yen = Money(1_200, "JPY")
    line = {"title": "sample", "quantity": 2, "paid": yen}
    order = {
        "number": "1042",
        "placed_on": datetime(2026, 11, 21, tzinfo=UTC),
        "total": yen,
        "lines": [line, line],
    }
    prepared = prepare(
        {
            "customer": {"family_name": "sample", "given_name": "sample", "full_name": "sample"},
            "shop": {"name": "sample", "url": "https://shop.example", "contact": "help@shop.example"},
            "order": order,
            "links": {
                "redeem": "https://shop.example/c/sample",
                "unsubscribe": "https://shop.example/c/sample",
                "confirm": "https://shop.example/c/sample",
            },
            "data": _AnyName({}, name="data", locale=LAST_RESORT),
            "items": [{"order": order, "data": _AnyName({}, name="data", locale=LAST_RESORT)}] * 2,
        },
        locale=LAST_RESORT,
    )
    return cast("Mapping[str, object]", prepared)


def _formats(template_locale: str, locale: str, shop_locale: str) -> str:
    """Return the locale for amounts and dates: the person's country, if the template has their language."""
    written = parse_locale(template_locale)
    for wanted in (locale, shop_locale):
        parsed = parse_locale(wanted)
        if parsed is not None and written is not None and parsed.language == written.language:
            return canonical(wanted)
    return template_locale


def _tidy(rendered: str) -> str:
    lines = [line.rstrip() for line in without_controls(rendered).split("\n")]
    return "\n".join(lines).strip("\n") + "\n"


def _line(error: LiquidError) -> int | None:
    try:
        context = error.context()
    except ValueError:  # the error stands at the very end of the template
        return None
    return None if context is None else context[0]


def _line_at(source: str, index: int) -> int:
    return source.count("\n", 0, max(index, 0)) + 1


def _undefined_name(error: UndefinedError) -> str:
    return str(error.message).removesuffix(" is undefined").strip("'")


def _kind_in_words(error: Exception) -> str:
    """Turn `LoopIterationLimitError` into "loop iteration limit"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__.removesuffix("Error")).lower()


def _place(template: str, locale: str, part: str, line: int | None = None) -> str:
    return f"{template} ({locale}), {part}" + (f", line {line}" if line else "")


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _sha256(*texts: str) -> str:
    digest = hashlib.sha256()
    for text in texts:
        encoded = text.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()
