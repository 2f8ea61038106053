"""What the author of an adapter gives to the contract, and what its tests make of that."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import pytest

from aftercare_sdk.errors import ConfigurationError, SignatureError
from aftercare_sdk.model.commands import (
    Discount,
    IssueCode,
    RevokeCode,
    SetConsent,
    ShopCommand,
    TagCustomer,
    WriteReview,
)
from aftercare_sdk.model.consents import ConsentState
from aftercare_sdk.model.orders import OrderLine, OrderSnapshot
from aftercare_sdk.model.people import CustomerSnapshot
from aftercare_sdk.model.products import ProductSnapshot
from aftercare_sdk.model.reviews import ReviewSnapshot
from aftercare_sdk.model.shops import (
    NeedsRead,
    Ping,
    RawRequest,
    Ref,
    SampleOrder,
    Shop,
    ShopAdapter,
    Snapshot,
    Translation,
    Webhook,
)
from aftercare_sdk.testing.bench import Bench, blank_database
from aftercare_sdk.testing.fence import Fence
from aftercare_sdk.testing.platform import Asked, Platform, Reply
from aftercare_sdk.testing.projection import Facts

HOUR = timedelta(hours=1)
_SOME_DAY = datetime(2026, 4, 1, 12, tzinfo=UTC)
_NEEDED = ("shop", "next_secret", "samples", "unknown_topic")
_NOBODY = "99000000001042"
"""The id of an account or a product of which no sample tells."""
_CODE = "CONTRACT-7Q4M"
_SHOWN = 12
_GROUPS = 20
"""Into which samples are divided at most."""


def failed(problem: str) -> NoReturn:
    """Fail the test with words that stand for themselves."""
    # Not `pytest.fail`, which would show the error that is being handled as well.
    raise pytest.fail.Exception(problem, pytrace=False) from None


class Given:
    """What an author gives. `AdapterContract` explains it."""

    shop: Shop
    next_secret: str
    samples: Mapping[str, RawRequest]
    unknown_topic: RawRequest
    hosts: Sequence[str] = ()
    ping: RawRequest | None = None
    facts: Mapping[str, Collection[str]] = {}
    secret_options: Collection[str] = ()
    own_keys: Collection[str] = ()
    unannounced: Collection[Ref] = ()
    currencies: Sequence[str] = ("JPY", "USD", "BHD")
    error_bodies: Sequence[bytes] = (
        b"",
        b"null",
        b"[]",
        b"{}",
        b'"ok"',
        b"<html><body><h1>502 Bad Gateway</h1></body></html>",
        b'{"code": "invalid_id", "message": "Invalid ID.", "data": {"status": 404}}',
        b'{"errors": "[API] Invalid API key or access token"}',
        b'{"error": {"type": "not_found", "id": "1042"}}',
    )

    def adapter(self, shop: Shop) -> ShopAdapter:
        """Make the adapter of a shop."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to make the adapter: `adapter`")

    def sign(self, request: RawRequest, secret: str) -> RawRequest:
        """Return the request as the platform would send it at its `received_at`, signed with `secret`."""
        raise NotImplementedError(f"{type(self).__name__} does not say how the platform signs: `sign`")

    def purchase(self, order: SampleOrder) -> RawRequest:
        """Return the webhook, signed with the first secret, that tells of a new, paid order."""
        raise NotImplementedError(f"{type(self).__name__} does not tell of an order: `purchase`")

    def answer(self, asked: Asked) -> Reply:
        """Answer a request as the platform would, once everything in `samples` has happened."""
        raise NotImplementedError

    def platform(self) -> Platform | None:
        """Return what stands in for the platform; None if there is no `answer`."""
        if type(self).answer is Given.answer:
            return None
        if not self.hosts:
            failed(f"{type(self).__name__} answers for the platform: name its `hosts`")
        return Platform(self.hosts, self.answer)

    # From here on: what the tests make of it.

    @pytest.fixture(autouse=True)
    def _complete(self) -> None:
        missing = [name for name in _NEEDED if not hasattr(self, name)]
        if missing:
            failed(f"{type(self).__name__} does not give {', '.join(missing)}; see AdapterContract")
        if not self.shop.secrets or self.next_secret in self.shop.secrets:
            failed(
                f"{type(self).__name__}: `shop` needs a secret that signs, and `next_secret` is another one"
            )

    @pytest.fixture(autouse=True)
    def _inside_the_fence(self, _complete: None) -> Iterator[None]:
        self._fence = Fence(self.hosts)
        self._fence.start()
        yield
        self._fence.stop()

    @pytest.fixture(autouse=True)
    def _in_a_folder(self, tmp_path: Path) -> None:
        self._folder = tmp_path
        self._databases = 0

    def _new_adapter(self, **changes: Any) -> ShopAdapter:
        return self.adapter(replace(self.shop, **changes) if changes else self.shop)

    @cached_property
    def _signed_samples(self) -> Mapping[str, RawRequest]:
        """The samples, each with a time; those without any signature are signed."""
        if not self.samples:
            failed(f"{type(self).__name__} has no samples: give recorded webhooks")
        found: dict[str, RawRequest] = {}
        for name, sample in self.samples.items():
            request = _received(sample)
            marked = self._signature_headers(request)
            if not any(request.header(header) for header in marked):
                request = self.sign(request, self.shop.secrets[0])
            found[name] = request
        return found

    def _signature_headers(self, request: RawRequest) -> list[str]:
        """Find the headers that hold the signature: those that depend on the secret."""
        one, other = (
            self.sign(_received(request), secret) for secret in (self.shop.secrets[0], self.next_secret)
        )
        marked = [name for name, text in one.headers.items() if other.headers.get(name) != text]
        if not marked:
            failed(
                "`sign` gives the same headers whatever the secret: it must sign with the secret it is given"
            )
        return marked

    @cached_property
    def _webhooks(self) -> Mapping[str, Webhook]:
        """The samples as the adapter takes them."""
        adapter = self._new_adapter()
        found: dict[str, Webhook] = {}
        for name, request in self._signed_samples.items():
            webhook = _verified(adapter, request, f"sample {name!r}")
            if isinstance(webhook, Ping):
                failed(f"sample {name!r} was taken for a ping; give it as `ping`")
            found[name] = webhook
        return found

    @cached_property
    def _told(self) -> Mapping[str, Sequence[Translation]]:
        """What the samples tell."""
        adapter = self._new_adapter()
        return {
            name: _translated(adapter, webhook, f"sample {name!r}")
            for name, webhook in self._webhooks.items()
        }

    @cached_property
    def _refs(self) -> Sequence[Ref]:
        """The objects that the samples are about, orders first."""
        named = {ref for told in self._told.values() for one in told if (ref := ref_of(one)) is not None}
        return sorted(named, key=lambda ref: (ref.kind != "order", ref.kind, ref.id))

    @cached_property
    def _later(self) -> datetime:
        """A moment after everything that the samples tell."""
        moments = [each.received_at for each in self._signed_samples.values() if each.received_at]
        moments += [
            value for told in self._told.values() for value in walk(told) if isinstance(value, datetime)
        ]
        aware = [moment for moment in moments if moment.utcoffset() is not None]
        return max(aware).astimezone(UTC).replace(microsecond=0) + HOUR

    @cached_property
    def _commands(self) -> Sequence[ShopCommand]:
        """One command of each kind; those that name a person name one whose every word is known.

        Accounts and products are those that the samples tell of, if there are any.
        """
        from aftercare_sdk.testing import private

        customer = next((ref.id for ref in self._refs if ref.kind == "customer"), _NOBODY)
        products = [ref.id for ref in self._refs if ref.kind == "product"]
        products += [
            value.product for value in walk(self._told) if isinstance(value, OrderLine) and value.product
        ]
        product = next(iter(products), _NOBODY)
        return (
            IssueCode(
                key="contract/code",
                code=_CODE,
                discount=Discount(percent=Decimal(10)),
                email=private.CONTACT.email,
                expires_at=self._later + 90 * 24 * HOUR,
                reason="a test of the adapter",
            ),
            TagCustomer(key="contract/tag", customer=customer, name="tier", value="gold"),
            WriteReview(
                key="contract/review",
                product=product,
                text=private.REVIEW,
                name=private.CONTACT.full_name,
                email=private.CONTACT.email,
                rating=2,
                verified=True,
            ),
            SetConsent(
                key="contract/consent", customer=customer, state=ConsentState.UNSUBSCRIBED, at=self._later
            ),
            RevokeCode(key="contract/revoke", code=_CODE),
        )

    def _order(self, currency: str, amounts: Sequence[int] = (1500, 640, 500), **changes: Any) -> SampleOrder:
        """Return an order; `amounts` in minor units are those of two lines, the last that of shipping."""
        from aftercare_sdk.model.money import Money
        from aftercare_sdk.model.orders import OrderLine
        from aftercare_sdk.testing.private import CONTACT

        *paid, shipping = amounts
        order = SampleOrder(
            id="99000000001042",
            number="contract-1042",
            placed_at=self._later - 2 * HOUR,
            happened_at=self._later - 2 * HOUR,
            sent_at=self._later,
            contact=CONTACT,
            currency=currency,
            lines=tuple(
                OrderLine(
                    id=str(number),
                    title="Tea",
                    quantity=1,
                    paid=Money(minor, currency),
                    tax=Money(minor // 11, currency),
                    product=str(10 + number),
                )
                for number, minor in enumerate(paid, 1)
            ),
            shipping=Money(shipping, currency),
        )
        return replace(order, **changes) if changes else order

    def _purchase(self, order: SampleOrder) -> OrderSnapshot:
        """Return what the adapter makes of the webhook of an order."""
        request = replace(self.purchase(order), received_at=order.sent_at)
        adapter = self._new_adapter()
        webhook = _verified(adapter, request, "`purchase`")
        if isinstance(webhook, Ping):
            failed("`purchase` was taken for a ping")
        for one in _translated(adapter, webhook, "`purchase`"):
            if isinstance(one, OrderSnapshot):
                return one
        failed("`purchase` tells of no order: no OrderSnapshot came of it")

    def _signed_at(self, request: RawRequest, moment: datetime) -> RawRequest:
        return self.sign(replace(request, received_at=moment), self.shop.secrets[0])

    def _database(self) -> str:
        self._databases += 1
        file = self._folder / f"contract-{self._databases}.db"
        file.write_bytes(blank_database())
        return f"sqlite:///{file}"

    def _bench(
        self,
        adapter: ShopAdapter | None = None,
        *,
        sync: bool = False,
        url: str = "",
        at: datetime | None = None,
    ) -> Bench:
        return Bench(
            self.shop, adapter or self._new_adapter(), url or self._database(), at or self._later, sync=sync
        )

    def _send(self, bench: Bench, names: Sequence[str], *, one_by_one: bool = False) -> None:
        """Let a bench receive samples, signed as of its clock; one by one, or, of many, few by few."""
        few = max(1, len(names) // _GROUPS)
        for number, name in enumerate(names, 1):
            reply = bench.receive(self._signed_at(self._signed_samples[name], bench.now))
            if reply.status != 202:  # noqa: PLR2004 - accepted
                failed(f"sample {name!r}, signed anew by `sign`, is answered {reply.status} {reply.body}")
            if one_by_one and number % few == 0:
                bench.process()

    def _facts_of(self, names: Sequence[str], *, one_by_one: bool = False) -> Facts:
        """Return what samples lead to, reads included where the platform can be read."""
        with self._maybe_platform(), self._bench() as bench:
            self._send(bench, names, one_by_one=one_by_one)
            bench.settle()
            return bench.facts()

    def _maybe_platform(self) -> Platform | _Nothing:
        return self.platform() or _Nothing()

    def _need_platform(self) -> Platform:
        platform = self.platform()
        if platform is None:
            pytest.skip(
                f"{type(self).__name__} gives no `answer`, so that what the adapter reads of its platform "
                "is not tested"
            )
        return platform

    def _need_streams(self) -> Platform:
        platform = self._need_platform()
        if not self._new_adapter().streams:
            pytest.skip(f"the adapter of {type(self).__name__} lists nothing: it has no `streams`")
        return platform

    def _readable(self) -> Sequence[Ref]:
        if not self._refs:
            failed("the samples tell of no object: nothing can be read")
        return self._refs


class _Nothing:
    """Stands for a platform where there is none."""

    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        return


def same(one: Facts, other: Facts, *, first: str, second: str) -> None:
    """Fail unless two engines know the same."""
    differences = list(one.differences(other))
    if differences:
        more = f"\n  … and {len(differences) - _SHOWN} more" if len(differences) > _SHOWN else ""
        shown = "\n  ".join(differences[:_SHOWN])
        failed(f"the facts differ between {first} (first) and {second} (second):\n  {shown}{more}")


def walk(value: object) -> Iterator[object]:
    """Give every value in dataclasses, mappings and sequences."""
    yield value
    if is_dataclass(value):
        for entry in fields(value):
            yield from walk(getattr(value, entry.name))
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from walk(key)
            yield from walk(below)
    elif isinstance(value, list | tuple | set | frozenset):
        for below in value:
            yield from walk(below)


def ref_of(told: Translation) -> Ref | None:
    """Return the object that something is about."""
    if isinstance(told, NeedsRead):
        return told.ref
    kinds: dict[type, str] = {
        OrderSnapshot: "order",
        CustomerSnapshot: "customer",
        ProductSnapshot: "product",
        ReviewSnapshot: "review",
    }
    kind = kinds.get(type(told))
    return Ref(kind, told.id) if kind and isinstance(told, Snapshot) else None


def refused(adapter: ShopAdapter, request: RawRequest, what: str) -> None:
    """Fail unless a request is refused with SignatureError."""
    try:
        adapter.verify(request)
    except SignatureError:
        return
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        failed(f"{what}: verify raised {type(error).__name__} in place of SignatureError")
    failed(f"{what} was accepted")


def without_secrets(given: Given, *secrets: str) -> ShopAdapter | None:
    """Return an adapter of a shop with these secrets; None where it refuses to be made."""
    try:
        return given.adapter(replace(given.shop, secrets=secrets))
    except ConfigurationError:
        return None


def _received(request: RawRequest) -> RawRequest:
    if request.received_at is None:
        return replace(request, received_at=_SOME_DAY)
    if request.received_at.utcoffset() is None:
        failed("a sample's `received_at` must be aware: give it a zone or an offset")
    return request


def _verified(adapter: ShopAdapter, request: RawRequest, what: str) -> Webhook | Ping:
    try:
        return adapter.verify(request)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        failed(f"{what} is not accepted: {type(error).__name__}: {error}")


def _translated(adapter: ShopAdapter, webhook: Webhook, what: str) -> Sequence[Translation]:
    try:
        return tuple(adapter.translate(webhook))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        failed(f"{what} is not understood: {type(error).__name__}: {error}")
