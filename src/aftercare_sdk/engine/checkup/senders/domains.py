"""The domains of all senders that mail leaves from over SMTP, each looked at in DNS, at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from aftercare_sdk.config import Doctor, Settings, resolve_tree, validate_section
from aftercare_sdk.engine.checkup.findings import Finding, guarded
from aftercare_sdk.engine.checkup.senders.asking import Names, NotKnown
from aftercare_sdk.engine.checkup.senders.dkim import check_dkim
from aftercare_sdk.engine.checkup.senders.dmarc import check_dmarc
from aftercare_sdk.engine.checkup.senders.spf import check_spf
from aftercare_sdk.model.messages import ChannelType
from aftercare_sdk.outreach.addresses import UnusableAddress, parse_address
from aftercare_sdk.outreach.channels.smtp import SmtpChannel

_NAME = "sender domains"
_AT_ONCE = 8
_NOBODYS = frozenset({"example", "test", "invalid", "localhost", "local", "internal", "lan", "home"})
_EXAMPLES = frozenset({"example.com", "example.net", "example.org"})
_LATER = "run `aftercare doctor` where DNS can be asked, or name a resolver below [doctor]"


@dataclass(slots=True, kw_only=True)
class _Domain:
    name: str
    hosts: list[str] = field(default_factory=list)
    selectors: list[str] = field(default_factory=list)


def check_senders(
    settings: Settings, kinds: Mapping[str, ChannelType], environ: Mapping[str, str]
) -> Iterator[Finding]:
    """Look at SPF, DKIM and DMARC of each domain that is sent from by SMTP.

    What cannot be asked is no failure; what is missing is a hint; what receivers cannot use is a problem.
    """
    domains = _domains(settings, kinds, environ)
    if not domains:
        return
    if not settings.doctor.dns:
        yield Finding(name=_NAME, ok=True, told="not checked, as `dns = false` below [doctor] says")
        return
    asked = [domain for domain in domains if not _is_nobodys(domain.name, settings.doctor)]
    for domain in domains:
        if domain not in asked:
            told = f"not checked, {domain.name} is no name that public DNS knows"
            yield Finding(name=_NAME, ok=True, told=told)
    if not asked:
        return
    try:
        names = Names(settings.doctor.resolver)
    except ImportError:
        cure = "pip install 'aftercare-sdk[dns]'"
        yield Finding(
            name=_NAME, ok=True, told="not checked, dnspython is not installed (SEND-02)", cure=cure
        )
    except NotKnown as reason:
        yield Finding(name=_NAME, ok=True, told=f"not checked, {reason} (SEND-02)", cure=_LATER)
    else:
        yield from _looked_up(asked, names)


def _looked_up(domains: list[_Domain], names: Names) -> Iterator[Finding]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        firsts = list(pool.map(partial(_first, names), domains))
        checks = [
            check
            for domain, first in zip(domains, firsts, strict=True)
            if first is None
            for check in _checks(domain, names)
        ]
        found = list(pool.map(_made, checks))
    yield from dict.fromkeys(first for first in firsts if first is not None)
    for each in found:
        yield from each


_Check = tuple[str, Callable[[], Iterable[Finding]]]


def _checks(domain: _Domain, names: Names) -> list[_Check]:
    return [
        (f"SPF {domain.name}", partial(check_spf, domain.name, names, domain.hosts)),
        (f"DKIM {domain.name}", partial(check_dkim, domain.name, domain.selectors, names)),
        (f"DMARC {domain.name}", partial(check_dmarc, domain.name, domain.selectors, names)),
    ]


def _first(names: Names, domain: _Domain) -> Finding | None:
    """Return what makes the checks of a domain needless: nobody answers, or there is no such domain."""
    top = domain.name.rpartition(".")[2]
    try:
        if names.ask(domain.name, "TXT") is not None:
            return None
        is_public = names.ask(top, "TXT") is not None
    except NotKnown as reason:
        return _not_checked(_NAME, reason)
    if not is_public:
        # A resolver of a closed network denies everything; that says nothing of the domain.
        told = f"the DNS resolver knows neither {domain.name} nor anything that ends in .{top}"
        return _not_checked(_NAME, NotKnown(told))
    told = f"{domain.name} does not exist in DNS, and receivers refuse mail from there (SEND-02, LAW-05)"
    cure = (
        "correct `sender`, or register the domain; "
        "if only your own network knows it, name its resolver below [doctor]"
    )
    return Finding(name=_NAME, ok=False, told=told, cure=cure)


def _made(check: _Check) -> list[Finding]:
    name, make = check

    def as_far_as_known() -> Iterator[Finding]:
        try:
            yield from make()
        except NotKnown as reason:
            yield _not_checked(name, reason)

    return list(guarded(name, as_far_as_known))


def _not_checked(name: str, reason: NotKnown) -> Finding:
    return Finding(name=name, ok=True, told=f"not checked, {reason} (SEND-02)", cure=_LATER)


def _domains(
    settings: Settings, kinds: Mapping[str, ChannelType], environ: Mapping[str, str]
) -> list[_Domain]:
    """Return each domain once, with the hosts and selectors of all its channels that can be used."""
    found: dict[str, _Domain] = {}
    for channel in settings.channels.values():
        kind = kinds.get(channel.kind)
        if kind is None or kind.build is not SmtpChannel:
            continue
        checked, wrong = validate_section(f"channels.{channel.name}", kind.options, channel.options)
        if wrong:
            continue  # the channel's own check tells
        options, _ = resolve_tree(checked, environ)
        with suppress(UnusableAddress):  # the same
            name = parse_address(channel.sender).domain.lower()
            domain = found.setdefault(name, _Domain(name=name))
            if options["host"] and options["host"] not in domain.hosts:
                domain.hosts.append(options["host"])
            selectors = (selector.lower() for selector in options["dkim_selectors"])
            domain.selectors = list(dict.fromkeys((*domain.selectors, *selectors)))
    return list(found.values())


def _is_nobodys(domain: str, doctor: Doctor) -> bool:
    """Whether a domain is kept for examples and private networks; a resolver of one's own may know it."""
    labels = domain.split(".")
    private = len(labels) == 1 or labels[-1] in _NOBODYS or ".".join(labels[-2:]) in _EXAMPLES
    return (private and doctor.resolver is None) or labels[-1].isdecimal()
