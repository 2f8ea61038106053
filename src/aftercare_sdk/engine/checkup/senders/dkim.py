"""DKIM (RFC 6376, 8301, 8463): whether the keys that receivers check signatures with can be used."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence

from aftercare_sdk.engine.checkup.findings import Finding
from aftercare_sdk.engine.checkup.senders.asking import Names, quoted

_SHORTEST_RSA_BITS = 1024
_GOOD_RSA_BITS = 2048
_ED25519_BYTES = 32
_SEQUENCE, _INTEGER, _BIT_STRING = 0x30, 0x02, 0x03
_LONG_FORM = 0x80
_TAG = re.compile(r"[a-z][a-z0-9_]*")
_MARK = "._domainkey."


def where(selector: str, domain: str) -> tuple[str, str]:
    """Return the name of a selector's record and the domain that signs.

    A selector may be written as the whole name, if another domain signs than the one that sends.
    """
    if _MARK in selector:
        return selector, selector.partition(_MARK)[2]
    return f"{selector}{_MARK}{domain}", domain


def read_tags(record: str) -> dict[str, str] | None:
    """Return the tags of a record such as `v=DKIM1; p=…`, or None if it is no list of tags."""
    tags: dict[str, str] = {}
    parts = record.split(";")
    if not parts[-1].strip():
        parts.pop()
    for part in parts:
        tag, is_one, value = part.partition("=")
        name = tag.strip().lower()
        if not is_one or not _TAG.fullmatch(name) or name in tags:
            return None
        tags[name] = value.strip()
    return tags


def check_dkim(domain: str, selectors: Sequence[str], names: Names) -> Iterator[Finding]:
    """Look at the key of each selector. Raises NotKnown."""
    name = f"DKIM {domain}"
    if not selectors:
        told = "not checked, no selector is known, and without one the key cannot be found in DNS (SEND-02)"
        cure = (
            'set dkim_selectors = ["…"] for the channel; the selector stands behind s= in the header '
            "DKIM-Signature of a mail that was sent"
        )
        yield Finding(name=name, ok=True, told=told, cure=cure)
    for selector in selectors:
        yield _key(name, where(selector, domain)[0], names)


def _key(name: str, place: str, names: Names) -> Finding:
    records = names.ask(place, "TXT") or ()
    if not records:
        told = f"there is no key at {place}, so signatures made with it count for nothing (SEND-02)"
        cure = (
            "publish there the record that your mail provider shows, "
            'such as TXT "v=DKIM1; k=rsa; p=<the public key>", or correct dkim_selectors'
        )
        return Finding(name=name, ok=True, told=told, cure=cure)
    if len(records) > 1:
        told = (
            f"there are {len(records)} TXT records at {place}, and receivers may take the wrong one (SEND-02)"
        )
        return Finding(name=name, ok=False, told=told, cure="keep the one with the key in use")
    wrong, cure = _faults(records[0])
    if wrong:
        return Finding(name=name, ok=False, told=f"{wrong} at {place} (SEND-02)", cure=cure)
    tags = read_tags(records[0]) or {}
    kind, bits = tags.get("k", "rsa").lower(), _rsa_bits(_decoded(tags["p"]) or b"")
    if "y" in _options(tags, "t"):
        told = f"the key at {place} is marked as a test (t=y): failed signatures are excused (SEND-02)"
        return Finding(name=name, ok=True, told=told, cure="take t=y out when signing works")
    if kind == "rsa" and bits < _GOOD_RSA_BITS:
        told = f"the RSA key at {place} has {bits} bits, which is accepted, but short (SEND-02)"
        cure = f"make one of {_GOOD_RSA_BITS} bits when keys are next changed"
        return Finding(name=name, ok=True, told=told, cure=cure)
    size = f"RSA key of {bits} bits" if kind == "rsa" else "Ed25519 key"
    return Finding(name=name, ok=True, told=f"{size} at {place} (SEND-02)")


def _faults(record: str) -> tuple[str, str]:
    """Return why no signature can be checked with a record, and the cure."""
    again = "publish the record once more as your mail provider shows it"
    tags = read_tags(record)
    if tags is None or "p" not in tags:
        return "the record is no DKIM key", again
    if tags.get("v", "DKIM1") != "DKIM1" or ("v" in tags and next(iter(tags)) != "v"):
        return "the record does not begin with v=DKIM1", again
    if not tags["p"]:
        return "the key is revoked (empty p=)", "sign with another selector, or publish the key again"
    if "h" in tags and "sha256" not in _options(tags, "h"):
        return "the key does not allow SHA-256 (h=)", "take h= out"
    if "s" in tags and not _options(tags, "s") & {"*", "email"}:
        return "the key is not meant for mail (s=)", "take s= out"
    key = _decoded(tags["p"])
    kind = tags.get("k", "rsa").lower()
    if kind not in {"rsa", "ed25519"}:
        return f"the kind of key {quoted(tags['k'])} is not known", "use k=rsa"
    if kind == "ed25519":
        fits = key is not None and len(key) == _ED25519_BYTES
        return ("", "") if fits else ("the Ed25519 key cannot be read", again)
    bits = _rsa_bits(key or b"")
    if not bits:
        return "the RSA key cannot be read, perhaps a part of it is missing", again
    if bits < _SHORTEST_RSA_BITS:
        cure = f"let your mail provider make one of {_GOOD_RSA_BITS} bits"
        return f"the RSA key has {bits} bits, and receivers take no fewer than {_SHORTEST_RSA_BITS}", cure
    return "", ""


def _options(tags: dict[str, str], tag: str) -> set[str]:
    return {one.strip().lower() for one in tags.get(tag, "").split(":")}


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _rsa_bits(key: bytes) -> int:
    """Return the bits of a public key in DER, either form that is in use; 0 if it cannot be read."""
    outer = _content(key, _SEQUENCE)
    if outer is None or outer[1]:
        return 0
    inner = outer[0]
    if inner[:1] == bytes([_SEQUENCE]):  # SubjectPublicKeyInfo: the algorithm, then the key as bits
        algorithm = _content(inner, _SEQUENCE)
        bits = _content(algorithm[1], _BIT_STRING) if algorithm else None
        wrapped = _content(bits[0][1:], _SEQUENCE) if bits else None
        if wrapped is None:
            return 0
        inner = wrapped[0]
    modulus = _content(inner, _INTEGER)
    if modulus is None or _content(modulus[1], _INTEGER) is None:
        return 0
    return int.from_bytes(modulus[0]).bit_length()


def _content(der: bytes, kind: int) -> tuple[bytes, bytes] | None:
    """Return the content of the first element, if it is of that kind and whole, and what follows it."""
    if len(der) < 2 or der[0] != kind:  # noqa: PLR2004 - the kind and the first byte of the length
        return None
    length, start = der[1], 2
    if length & _LONG_FORM:
        start += length & ~_LONG_FORM
        length = int.from_bytes(der[2:start])
    if len(der) < start + length:
        return None
    return der[start : start + length], der[start + length :]
