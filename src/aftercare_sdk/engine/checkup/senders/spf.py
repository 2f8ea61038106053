"""SPF (RFC 7208): which servers may send for a domain. The record is read with all that it includes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, IPv6Network, ip_address

from aftercare_sdk.engine.checkup.findings import Finding
from aftercare_sdk.engine.checkup.senders.asking import Kind, Names, quoted

_MOST_LOOKUPS = 10
_MOST_VOID = 2
_MOST_MAIL_HOSTS = 10
_ENOUGH_LOOKUPS = 40
"""Where counting ends: records that include each other many times could keep one busy for ever."""
_MOST_FAULTS = 5
_LONGEST_RECORD = 450
_SPEC = r"(?P<domain>(?:[\x21-\x24\x26-\x2e\x30-\x7e]|%%|%_|%-|%\{[slodiphcrtv]\d*r?[.\-+,/_=]*\})+)"
_PREFIXES = r"(?:/(?:3[0-2]|[12]?\d))?(?://(?:12[0-8]|1[01]\d|[1-9]?\d))?"
_TERM = re.compile(r"([+?~-]?)([a-z][a-z0-9_.-]*)(.*)", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)
_DOMAIN = re.compile(_SPEC, re.IGNORECASE)
# What follows the name of each mechanism.
_MECHANISMS = {
    "all": re.compile(""),
    "include": re.compile(f":{_SPEC}", re.IGNORECASE),
    "exists": re.compile(f":{_SPEC}", re.IGNORECASE),
    "ptr": re.compile(f"(?::{_SPEC})?", re.IGNORECASE),
    "a": re.compile(f"(?::{_SPEC})?{_PREFIXES}", re.IGNORECASE),
    "mx": re.compile(f"(?::{_SPEC})?{_PREFIXES}", re.IGNORECASE),
    "ip4": re.compile(":.+"),
    "ip6": re.compile(":.+"),
}
_NETWORKS: Mapping[str, type[IPv4Network | IPv6Network]] = {"ip4": IPv4Network, "ip6": IPv6Network}
_KINDS: Mapping[str, tuple[Kind, ...]] = {"a": ("A", "AAAA"), "exists": ("A",), "mx": ("MX",)}
_UNKNOWN_END = "*"
_ENDS = {"-": "-all", "~": "~all"}

# What providers ask to be included, by the host that one hands mails to.
_PROVIDERS = (
    (re.compile(r"smtp(-relay)?\.gmail\.com"), "_spf.google.com"),
    (re.compile(r"smtp\.office365\.com"), "spf.protection.outlook.com"),
    (re.compile(r"email-smtp\.[a-z0-9-]+\.amazonaws\.com"), "amazonses.com"),
    (re.compile(r"smtp\.sendgrid\.net"), "sendgrid.net"),
    (re.compile(r"smtp\.(eu\.)?mailgun\.org"), "mailgun.org"),
    (re.compile(r"smtp\.postmarkapp\.com"), "spf.mtasv.net"),
)

_INVALID = "so receivers take the SPF record as broken"
_CUT = (
    "take out what is no longer used, or write the ip4: and ip6: addresses in place of an include; "
    "then no more than 10 of include, a, mx, ptr, exists and redirect may be left"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Term:
    name: str
    qualifier: str = "+"
    domain: str = ""
    everybody: bool = False


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One walk through a record and all that it leads to."""

    names: Names
    lookups: int = 0
    void: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    """What is wrong, and its cure."""
    hints: dict[str, str] = field(default_factory=dict)
    unfollowed: bool = False

    def follow(self, domain: str, record: str, path: tuple[str, ...] = ()) -> tuple[bool, str]:
        """Return whether everybody may send, and the qualifier of the `all` that ends it, if there is one."""
        path = (*path, domain)
        terms = self._terms(domain, record)
        everybody = False
        for term in terms:
            if term.name == "all":
                return everybody or term.qualifier == "+", term.qualifier
            if term.name != "redirect" and self._matches_everybody(term, domain, path):
                everybody = everybody or term.qualifier == "+"
        for term in terms:
            if term.name == "redirect":
                reached = self._target(term, domain, path)
                return (everybody or reached[0], reached[1]) if reached else (everybody, _UNKNOWN_END)
        return everybody, ""

    def _terms(self, domain: str, record: str) -> list[_Term]:
        here = f"in the SPF record at {quoted(domain)}"
        terms = []
        modifiers: list[str] = []
        for text in record.split(" ")[1:]:
            if not text:
                continue
            modifier = _MODIFIER.fullmatch(text)
            if modifier is None:
                term = _mechanism(text)
                if term is None:
                    told = f"{quoted(text)} {here} is not understood, {_INVALID}"
                    self._fault(told, "correct it, or take it out")
                else:
                    terms.append(term)
                continue
            name, value = modifier[1].lower(), modifier[2]
            if name in {"redirect", "exp"}:
                if name in modifiers or not _DOMAIN.fullmatch(value):
                    told = f"{quoted(text)} {here} stands there twice or names nothing, {_INVALID}"
                    self._fault(told, "keep one that names a domain")
                elif name == "redirect":
                    terms.append(_Term(name=name, domain=value))
                modifiers.append(name)
            elif name in _MECHANISMS:
                self.hints[f"{quoted(text)} {here} has no effect"] = f"write {name}: in place of {name}="
        return terms

    def _matches_everybody(self, term: _Term, domain: str, path: tuple[str, ...]) -> bool:
        if term.name in _NETWORKS:
            return term.everybody
        if term.name == "include":
            reached = self._target(term, domain, path)
            return reached is not None and reached[0]
        self.lookups += 1
        if term.name == "ptr":
            told = f"the SPF record at {quoted(domain)} uses ptr, which many receivers leave out"
            self.hints[told] = "write the addresses in its place"
            return False
        name = self._expanded(term.domain, domain)
        if name and self.lookups <= _ENOUGH_LOOKUPS:
            self._look_up(term, name)
        return False

    def _look_up(self, term: _Term, name: str) -> None:
        answers = (self.names.ask(name, kind) for kind in _KINDS[term.name])
        found = next((answer for answer in answers if answer), ())
        if not found:
            self.void.append(name)
        if term.name == "mx" and len(found) > _MOST_MAIL_HOSTS:
            told = f"{quoted(name)} has {len(found)} hosts for incoming mail, and SPF allows 10, {_INVALID}"
            self._fault(told, "write the addresses that mail leaves from in place of mx")

    def _target(self, term: _Term, domain: str, path: tuple[str, ...]) -> tuple[bool, str] | None:
        """Follow an include or redirect; None if that cannot be done."""
        self.lookups += 1
        name = self._expanded(term.domain, domain).lower().rstrip(".")
        if not name or self.lookups > _ENOUGH_LOOKUPS:
            return None
        if name in path:
            told = f"{term.name} leads from {quoted(domain)} back to {quoted(name)}, without end, {_INVALID}"
            self._fault(told, f"take that {term.name} out")
            return None
        answer = self.names.ask(name, "TXT")
        records = records_among(answer or ())
        if len(records) != 1:
            there = f"{len(records)} SPF records" if records else "no SPF record"
            told = f"{term.name} leads from {quoted(domain)} to {quoted(name)}, where there is {there}"
            self._fault(f"{told}, {_INVALID}", "take it out, or ask whoever runs that domain")
            return None
        return self.follow(name, records[0], path)

    def _expanded(self, spec: str, domain: str) -> str:
        """Return the name that is meant, or nothing if it differs from mail to mail."""
        name = re.sub(r"%\{d\}", lambda _: domain, spec, flags=re.IGNORECASE) if spec else domain
        if "%" in name:
            self.unfollowed = True
            return ""
        return name

    def _fault(self, told: str, cure: str) -> None:
        if len(self.faults) < _MOST_FAULTS:
            self.faults.setdefault(told, cure)


def _mechanism(text: str) -> _Term | None:
    """Return what a term says, or None if it says nothing that is known."""
    found = _TERM.fullmatch(text)
    name = found[2].lower() if found else ""
    if found is None or name not in _MECHANISMS:
        return None
    rest = _MECHANISMS[name].fullmatch(found[3])
    if rest is None:
        return None
    term = _Term(name=name, qualifier=found[1] or "+", domain=rest.groupdict().get("domain") or "")
    if name not in _NETWORKS:
        return term
    try:
        network = _NETWORKS[name](found[3][1:], strict=False)
    except ValueError:
        return None
    return replace(term, everybody=network.prefixlen == 0)


def records_among(texts: Sequence[str]) -> list[str]:
    """Return the SPF records among all texts of a name."""
    return [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


def check_spf(domain: str, names: Names, hosts: Sequence[str]) -> Iterator[Finding]:
    """Look at the record of a domain that sends through `hosts`. Raises NotKnown."""
    name = f"SPF {domain}"
    texts = names.ask(domain, "TXT") or ()
    records = records_among(texts)
    if not records:
        yield _missing(name, domain, texts, hosts)
        return
    if len(records) > 1:
        told = f"there are {len(records)} SPF records, and receivers then use none of them (SEND-02)"
        yield Finding(name=name, ok=False, told=told, cure=f"publish one in their place{_merged(records)}")
        return
    reading = _Reading(names=names)
    everybody, ending = reading.follow(domain, records[0])
    better = "" if reading.faults else _with_an_end(records[0])
    found = [
        *_findings(name, reading),
        *_endings(name, records[0], everybody=everybody, ending=ending, better=better),
    ]
    yield from found
    if all(finding.ok for finding in found):
        at_least = "at least " if reading.unfollowed else ""
        ends = f", ends in {_ENDS[ending]}" if ending in _ENDS else ""
        told = f"one record, {at_least}{reading.lookups} of the 10 look-ups allowed{ends} (SEND-02)"
        yield Finding(name=name, ok=True, told=told)


def _missing(name: str, domain: str, texts: Sequence[str], hosts: Sequence[str]) -> Finding:
    almost = next((text for text in texts if text.lstrip(" \"'“”").lower().startswith("v=spf")), "")
    if almost:
        told = f"the text {quoted(almost)} is no SPF record for receivers (SEND-02)"
        return Finding(
            name=name, ok=False, told=told, cure='let it begin with "v=spf1 ", without quotes in it'
        )
    told = "there is no SPF record, so receivers cannot tell your mail from a forger's (SEND-02)"
    cure = f'publish this TXT record at {domain}: "{_suggested(hosts)}"'
    if not any(_included(host) for host in hosts):
        cure += "; if your mail provider names another one, that one"
    return Finding(name=name, ok=True, told=told, cure=cure)


def _suggested(hosts: Sequence[str]) -> str:
    sources = [_included(host) or (f"a:{host}" if _is_public(host) else "mx") for host in hosts]
    return " ".join(("v=spf1", *dict.fromkeys(sources), "~all"))


def _included(host: str) -> str:
    return next((f"include:{name}" for form, name in _PROVIDERS if form.fullmatch(host.lower())), "")


def _is_public(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return "." in host.rstrip(".")
    return False


def _merged(records: Sequence[str]) -> str:
    # DNS tells records in any order; what is proposed is to stay the same.
    ordered = sorted(records, key=str.lower)
    terms = list(dict.fromkeys(term for record in ordered for term in record.split()[1:]))
    kept = [term for term in terms if term.lower().lstrip("+-~?") != "all"]
    if any("=" in term for term in kept):
        return ""
    end = "-all" if "-all" in (term.lower() for term in terms) else "~all"
    whole = " ".join(("v=spf1", *kept, end))
    return f": {quoted(whole, _LONGEST_RECORD)}" if len(whole) <= _LONGEST_RECORD else ""


def _findings(name: str, reading: _Reading) -> Iterator[Finding]:
    for told, cure in reading.faults.items():
        yield Finding(name=name, ok=False, told=f"{told} (SEND-02)", cure=cure)
    if reading.lookups > _MOST_LOOKUPS:
        number = (
            str(reading.lookups) if reading.lookups <= _ENOUGH_LOOKUPS else f"more than {_ENOUGH_LOOKUPS}"
        )
        told = f"the SPF record needs {number} DNS look-ups, and receivers make at most 10 (SEND-02)"
        yield Finding(name=name, ok=False, told=told, cure=_CUT)
    if len(reading.void) > _MOST_VOID:
        lost = ", ".join(dict.fromkeys(reading.void))
        told = f"the SPF record names what is not in DNS, more than twice: {quoted(lost)} (SEND-02)"
        yield Finding(name=name, ok=False, told=told, cure="take these names out")
    for told, cure in reading.hints.items():
        yield Finding(name=name, ok=True, told=f"{told} (SEND-02)", cure=cure)


def _with_an_end(record: str) -> str:
    kept = [word for word in record.split() if word.lower().lstrip("+-~?") != "all"]
    whole = " ".join((*kept, "~all"))
    return f"publish {quoted(whole, len(whole))}" if len(whole) <= _LONGEST_RECORD else ""


def _endings(name: str, record: str, *, everybody: bool, ending: str, better: str) -> Iterator[Finding]:
    words = [word.lower() for word in record.split()]
    own_cure = better or "let it end in ~all"
    if everybody:
        told = "the SPF record lets everybody send in your name (SEND-02, LAW-05)"
        further_down = "take out the include, redirect or address that matches everybody"
        cure = own_cure if {"all", "+all"} & {*words} else further_down
        yield Finding(name=name, ok=False, told=told, cure=cure)
    elif ending in {"", "?"}:
        told = "the SPF record does not say what becomes of mail from other servers (SEND-02)"
        redirects = any(word.startswith("redirect=") for word in words)
        cure = "let the record that it redirects to end in ~all" if redirects else own_cure
        yield Finding(name=name, ok=True, told=told, cure=cure)
