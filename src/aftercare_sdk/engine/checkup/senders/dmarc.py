"""DMARC: what receivers shall do with mail that only claims to be the shop's.

The domain of an organisation is found by walking up the tree of DNS (RFC 9989), without a list of suffixes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aftercare_sdk.engine.checkup.findings import Finding
from aftercare_sdk.engine.checkup.senders.asking import Names, quoted
from aftercare_sdk.engine.checkup.senders.dkim import read_tags, where

_POLICIES = ("none", "quarantine", "reject")
_LONGEST_WALK = 8
_ALMOST = "v=dmarc"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Organisation:
    """The domain of an organisation, and the record that holds for what has none of its own, if any."""

    domain: str
    place: str = ""
    record: str = ""


def records_at(domain: str, names: Names) -> list[str]:
    """Return what receivers take for DMARC records of a domain. Raises NotKnown."""
    texts = names.ask(f"_dmarc.{domain}", "TXT") or ()
    return [text for text in texts if _version(text) == "v=DMARC1"]


def _version(text: str) -> str:
    return "".join(text.partition(";")[0].split())


def organisation(domain: str, names: Names) -> _Organisation:
    """Walk up the tree. Raises NotKnown."""
    found = _Organisation(domain=domain)
    labels = domain.split(".")
    starts = [0, *range(max(1, len(labels) - _LONGEST_WALK + 1), len(labels))]
    for start in starts:
        name = ".".join(labels[start:])
        records = records_at(name, names)
        if len(records) != 1:
            continue
        mark = (read_tags(records[0]) or {}).get("psd", "").lower()
        if mark == "y" and start:
            # A registry's own record: the organisation is the name directly below it.
            below = ".".join(labels[start - 1 :])
            own = records_at(below, names)
            place, record = (below, own[0]) if len(own) == 1 else (name, records[0])
            return _Organisation(domain=below, place=place, record=record)
        found = _Organisation(domain=name, place=name, record=records[0])
        if mark == "n":
            break
    return found


def check_dmarc(domain: str, selectors: Sequence[str], names: Names) -> Iterator[Finding]:
    """Look at the policy that holds for a domain, and whether signatures align with it. Raises NotKnown."""
    name = f"DMARC {domain}"
    own = records_at(domain, names)
    if len(own) > 1:
        told = f"there are {len(own)} DMARC records at _dmarc.{domain}, and receivers then use none (SEND-02)"
        yield Finding(name=name, ok=False, told=told, cure="keep one of them")
        return
    top = organisation(domain, names)
    place, record = (domain, own[0]) if own else (top.place, top.record)
    if not record:
        yield _missing(name, domain, names)
        return
    tags = read_tags(record)
    if tags is None:
        told = f"the DMARC record at _dmarc.{place} cannot be read (SEND-02)"
        yield Finding(name=name, ok=False, told=told, cure="write it as tags with semicolons between them")
        return
    strict = tags.get("adkim", "r").lower() == "s"
    found = [*_policy(name, place, tags)]
    if not _aligned(domain, top.domain, selectors, names, strict=strict):
        signing = ", ".join(sorted({where(selector, domain)[1] for selector in selectors}))
        why = " because of adkim=s" if strict else ""
        told = f"signatures are made for {signing}, which does not count as {domain}{why} (SEND-02)"
        cure = f"let your mail provider sign for {domain}"
        found.append(Finding(name=name, ok=True, told=told, cure=cure))
    yield from found
    if not found:
        policy = tags["p"] if own else tags.get("sp", tags["p"])
        counts = domain if strict else f"{top.domain} and names below it"
        told = f"p={policy.lower()} at _dmarc.{place}; signatures of {counts} count (SEND-02, SEND-03)"
        yield Finding(name=name, ok=True, told=told)


def _missing(name: str, domain: str, names: Names) -> Finding:
    texts = names.ask(f"_dmarc.{domain}", "TXT") or ()
    if any(_ALMOST in "".join(text.split()).lower() for text in texts):
        told = f"the text at _dmarc.{domain} is no DMARC record for receivers (SEND-02)"
        return Finding(
            name=name, ok=False, told=told, cure='let it begin with "v=DMARC1;", in these capitals'
        )
    told = "there is no DMARC record, and large receivers refuse bulk mail without one (SEND-02, SEND-03)"
    cure = f'publish this TXT record at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"'
    return Finding(name=name, ok=True, told=told, cure=cure)


def _policy(name: str, place: str, tags: Mapping[str, str]) -> Iterator[Finding]:
    # The record itself is never shown: its addresses for reports may be those of persons.
    wrong = next((tag for tag in ("p", "sp") if tag in tags and tags[tag].lower() not in _POLICIES), "")
    if wrong:
        told = f"{wrong}={quoted(tags[wrong])} at _dmarc.{place} is no DMARC policy (SEND-02)"
        yield Finding(name=name, ok=False, told=told, cure=f"write {wrong}=none, quarantine or reject")
    elif "p" not in tags:
        told = (
            f"the DMARC record at _dmarc.{place} has no p=, and many receivers ignore it (SEND-02, SEND-03)"
        )
        yield Finding(name=name, ok=True, told=told, cure='write "p=none; " behind "v=DMARC1; "')
    elif tags["p"].lower() == "none" and not tags.get("rua"):
        told = f"p=none at _dmarc.{place} asks nothing of receivers and has no address for reports (SEND-02)"
        cure = f'add "; rua=mailto:dmarc@{place}" to that record'
        yield Finding(name=name, ok=True, told=told, cure=cure)


def _aligned(domain: str, top: str, selectors: Sequence[str], names: Names, *, strict: bool) -> bool:
    """Whether a key is for a domain that counts as that of the From line; without any, nobody knows."""
    signing = {where(selector, domain)[1] for selector in selectors}
    if not signing or domain in signing:
        return True
    return not strict and any(organisation(other, names).domain == top for other in sorted(signing))
