"""Who speaks for the shop: tests of `verify`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from aftercare_sdk.model.shops import Ping
from aftercare_sdk.testing.given import Given, failed, refused, without_secrets

_MOST_PLACES = 200


class Signatures(Given):
    """Only what the shop has signed is taken, and all of it."""

    def test_a_good_signature_is_accepted(self) -> None:
        """If it fails, real webhooks are answered 401: nothing arrives, and the platform gives up sending."""
        for name, webhook in self._webhooks.items():
            if webhook.body != self._signed_samples[name].body:
                failed(f"sample {name!r}: the webhook's body is not, byte for byte, what was received")

    def test_a_bad_signature_is_refused(self) -> None:
        """If it fails, anybody who knows the address can invent orders, refunds and customers."""
        adapter = self._new_adapter()
        for name, request in self._signed_samples.items():
            refused(
                adapter, self.sign(request, self.next_secret), f"sample {name!r}, signed by somebody else,"
            )

    def test_a_missing_signature_is_refused(self) -> None:
        """If it fails, a request without any signature is believed."""
        adapter = self._new_adapter()
        for name, request in self._signed_samples.items():
            marked = {header.lower() for header in self._signature_headers(request)}
            bare = {key: text for key, text in request.headers.items() if key.lower() not in marked}
            refused(adapter, replace(request, headers=bare), f"sample {name!r} without its signature")
            empty = {**bare, **dict.fromkeys(marked, "")}
            refused(adapter, replace(request, headers=empty), f"sample {name!r} with an empty signature")

    def test_one_changed_byte_is_refused(self) -> None:
        """If it fails, a webhook can be altered on its way: an amount, an address, an order number."""
        adapter = self._new_adapter()
        for name, request in self._signed_samples.items():
            body = request.body
            step = max(1, len(body) * len(self._signed_samples) // _MOST_PLACES)
            for place in range(0, len(body), step):
                changed = bytes([*body[:place], body[place] ^ 1, *body[place + 1 :]])
                refused(adapter, replace(request, body=changed), f"sample {name!r} with byte {place} changed")
            for changed, what in ((body + b"\n", "a line break added"), (body[:-1], "its last byte cut off")):
                refused(adapter, replace(request, body=changed), f"sample {name!r} with {what}")

    def test_a_signature_that_is_not_ascii_is_refused(self) -> None:
        """If it fails, whoever sends odd headers raises errors in the endpoint, and with them alarms."""
        adapter = self._new_adapter()
        name, request = next(iter(self._signed_samples.items()))
        for header in self._signature_headers(request):
            right = request.headers[header]
            for wrong in ("é", "署名", "\udcff", right[:-1] + "é", "é" + right):
                headers = {**request.headers, header: wrong}
                what = f"sample {name!r} with letters that are not ASCII in {header}"
                refused(adapter, replace(request, headers=headers), what)

    def test_a_secret_can_be_rotated(self) -> None:
        """If it fails, changing the secret loses what is sent meanwhile, or the old one works for ever."""
        name, request = next(iter(self._signed_samples.items()))
        old, new = self.shop.secrets[0], self.next_secret
        signed = {"old": self.sign(request, old), "new": self.sign(request, new)}
        for secrets, order in (((old, new), "old, new"), ((new, old), "new, old")):
            adapter = self._new_adapter(secrets=secrets)
            for which, one in signed.items():
                try:
                    adapter.verify(one)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                    failed(
                        f"with the secrets ({order}), sample {name!r} signed with the {which} one is not "
                        f"accepted: {type(error).__name__}"
                    )
        refused(
            self._new_adapter(secrets=(new,)),
            signed["old"],
            f"sample {name!r}, signed with a dropped secret,",
        )

    def test_without_a_secret_nothing_is_accepted(self) -> None:
        """If it fails, a shop whose secret is not set, or is an empty variable, believes everybody."""
        name, request = next(iter(self._signed_samples.items()))
        forged = [request]
        with suppress(Exception):  # some platforms' own libraries refuse to sign with nothing
            forged.append(self.sign(request, ""))
        for secrets in ((), ("",)):
            adapter = without_secrets(self, *secrets)
            if adapter is None:
                continue
            for each in forged:
                refused(adapter, each, f"sample {name!r}, in a shop without a secret,")

    def test_headers_may_have_any_capitals(self) -> None:
        """If it fails, webhooks are refused behind servers and proxies that write headers in lower case."""
        adapter = self._new_adapter()
        for name, request in self._signed_samples.items():
            for spell in (str.lower, str.upper):
                spelt = {spell(key): text for key, text in request.headers.items()}
                try:
                    same = adapter.verify(replace(request, headers=spelt)) == self._webhooks[name]
                except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                    failed(
                        f"sample {name!r} with its headers in {spell.__name__} case is not accepted: "
                        f"{type(error).__name__}"
                    )
                if not same:
                    failed(
                        f"sample {name!r} with its headers in {spell.__name__} case becomes another webhook"
                    )

    def test_a_ping_is_answered(self) -> None:
        """If it fails, the platform's setting-up page reports an error, or pings pile up as parked rows."""
        if self.ping is None:
            pytest.skip(f"{type(self).__name__} gives no `ping`: for platforms that send none")
        try:
            answer = self._new_adapter().verify(self.ping)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            failed(f"the ping is not accepted: {type(error).__name__}")
        if not isinstance(answer, Ping):
            failed("the ping was taken for a webhook")
        with self._bench(at=self.ping.received_at) as bench:
            status = bench.receive(self.ping).status
        if status != 200:  # noqa: PLR2004 - OK
            failed(f"the endpoint answers the ping with {status}")
