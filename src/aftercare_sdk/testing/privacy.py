"""What must stay inside: personal data, secrets, and connections to anybody else."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from aftercare_sdk.errors import CommandRefused, ConfigurationError
from aftercare_sdk.model.commands import Receipt
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.shops import Ping, RawRequest, Ref, ShopAdapter, Webhook
from aftercare_sdk.model.sync import Cursor
from aftercare_sdk.testing import private
from aftercare_sdk.testing.fence import Fence
from aftercare_sdk.testing.given import Given, failed, walk
from aftercare_sdk.testing.platform import Platform, Reply, Trouble

_MOST_OBJECTS = 5
_ALL_TROUBLES = (None, *Trouble)


class Privacy(Given):
    """Nothing is shown to, and nothing is asked of, anybody whom it does not concern."""

    def test_nothing_private_is_in_a_repr(self) -> None:
        """If it fails, names, addresses and secrets stand in tracebacks, debuggers and error trackers."""
        adapter, webhook, _ = self._private_webhook()
        shown = {
            "the adapter": adapter,
            "the webhook": webhook,
            **{f"the {type(one).__name__}": one for one in adapter.translate(webhook)},
        }
        for what, value in shown.items():
            self._clean(repr(value) + str(value), f"the repr of {what}")
        for name, told in self._told.items():
            emails = {value.email for value in walk(told) if isinstance(value, Contact) and value.email}
            if private.found(repr(self._webhooks[name]) + repr(told), emails):
                failed(f"the repr of sample {name!r}, or of what it tells, holds the e-mail address in it")

    def test_nothing_private_is_in_a_log(
        self, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """If it fails, personal data and secrets lie in log files, which outlive every erasure."""
        caplog.set_level(logging.DEBUG)
        for work in self._everything():
            told: object = None
            with suppress(Exception):
                told = work()
            if isinstance(told, Receipt):
                self._clean(repr(told), "the receipt of a command, which is kept,")
            for sentence in told if isinstance(told, tuple) else ():
                if isinstance(sentence, str):
                    self._clean(sentence, "a sentence of `tend`, which is logged and kept,")
            # At once, so that pytest shows the line in question and not all that were clean.
            for record in caplog.records:
                text = record.getMessage()
                self._clean(text, f"a line of the log {record.name!r} ({record.levelname.lower()})")
            self._clean(caplog.text, "the log")
            caplog.clear()
            printed = capsys.readouterr()
            self._clean(printed.out + printed.err, "what is printed")

    def test_nothing_private_is_in_an_error(self) -> None:
        """If it fails, parked rows, `aftercare status` and mails to operators quote customers and keys."""
        for work in self._everything():
            try:
                work()
            except Exception as error:  # noqa: BLE001 - each error is looked at
                self._clean(private.shown(error), f"an error ({type(error).__name__})")

    def test_no_network_outside_the_hosts(self) -> None:
        """If it fails, credentials and orders reach somebody else's server, or webhooks wait for one."""
        alone = Fence(())
        alone.start()
        try:
            adapter = self._new_adapter()
            for request in self._signed_samples.values():
                webhook = adapter.verify(request)
                if not isinstance(webhook, Ping):
                    tuple(adapter.translate(webhook))
        finally:
            alone.stop()
        if alone.attempts:
            failed(
                f"making the adapter, verify or translate asks {', '.join(sorted(set(alone.attempts)))}: "
                "only read, changes, perform and tend may use the network"
            )
        platform = self.platform()
        if platform is not None:
            with platform:
                for ask in self._asks(adapter):
                    ask()
                self._stays_inside(platform, "read or changes")
                for work in self._deeds(adapter):
                    with suppress(Exception):  # what it raises is looked at elsewhere
                        work()
                self._stays_inside(platform, "perform or tend")

    def test_what_is_offered_is_tested(self) -> None:
        """If it fails, reading, listing or a command is offered to shops and was never tried."""
        if self.platform() is not None:
            return
        adapter = self._new_adapter()
        if adapter.streams:
            names = ", ".join(each.name for each in adapter.streams)
            failed(f"the adapter lists {names}, and {type(self).__name__} gives no `answer` to test that")
        works: dict[str, Callable[[], object]] = {
            "read": lambda: list(adapter.read([Ref("order", "1")])),
            **{
                f"perform ({type(command).__name__})": lambda command=command: adapter.perform(command)  # type: ignore[misc]
                for command in self._commands
            },
            "tend": lambda: tuple(adapter.tend()),
        }
        nobody = Fence(())
        nobody.start()
        try:
            with Platform((), _nothing_there):  # it answers nobody, and no pause takes time
                for what, work in works.items():
                    self._is_not_offered(what, work)
        finally:
            nobody.stop()

    def _is_not_offered(self, what: str, work: Callable[[], object]) -> None:
        try:
            told = work()
        except (CommandRefused, ConfigurationError):
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, it tried
            how = f"raised {type(error).__name__}"
        else:
            if told == ():  # there is no connection to look after
                return
            how = "answered"
        failed(
            f"{what} {how}, and {type(self).__name__} gives no `answer` to test it; what an adapter cannot "
            "do raises ConfigurationError or, for a command, CommandRefused"
        )

    def _private_webhook(self) -> tuple[ShopAdapter, Webhook, RawRequest]:
        """Return the webhook of somebody's order, whose every word is known."""
        order = self._order(self.currencies[0])
        request = replace(self.purchase(order), received_at=order.sent_at)
        adapter = self._new_adapter()
        webhook = adapter.verify(request)
        if isinstance(webhook, Ping):
            failed("`purchase` was taken for a ping")
        if not private.found(request.body.decode(errors="replace"), private.PRIVATE):
            failed("`purchase` says nothing of the person who ordered: tell the contact of the order")
        return adapter, webhook, request

    def _everything(self) -> Iterator[Callable[[], object]]:
        """Give whatever an adapter can be made to do, most of it wrong."""
        adapter, webhook, request = self._private_webhook()
        yield lambda: tuple(adapter.translate(webhook))
        yield lambda: adapter.verify(replace(request, body=request.body + b" "))
        yield lambda: adapter.verify(self.sign(request, self.next_secret))
        yield lambda: adapter.verify(replace(request, headers={}))
        bodies = [request.body[: len(request.body) // 2], *self.error_bodies]
        with suppress(ValueError):
            bodies += [json.dumps(each).encode() for each in mutilated(json.loads(request.body))]
        for body in bodies:
            yield lambda body=body: tuple(adapter.translate(replace(webhook, body=body)))  # type: ignore[misc]
        for trouble in _ALL_TROUBLES:
            platform = self.platform()
            if platform is not None:
                platform.trouble = lambda _, trouble=trouble: trouble  # type: ignore[misc]
                with platform:
                    adapter = self._new_adapter()
                    yield from self._asks(adapter)
                    yield from self._deeds(adapter)

    def _asks(self, adapter: ShopAdapter) -> Iterator[Callable[[], object]]:
        for ref in self._refs[:_MOST_OBJECTS]:
            yield lambda ref=ref: list(adapter.read([ref]))  # type: ignore[misc]
        for stream in adapter.streams:
            yield lambda stream=stream: list(adapter.changes(Cursor(stream=stream.name)))  # type: ignore[misc]

    def _deeds(self, adapter: ShopAdapter) -> Iterator[Callable[[], object]]:
        for command in self._commands:
            yield lambda command=command: adapter.perform(command)  # type: ignore[misc]
        yield lambda: tuple(adapter.tend())

    def _stays_inside(self, platform: Platform, what: str) -> None:
        outside = sorted({*platform.elsewhere, *self._fence.attempts})
        if outside:
            failed(f"{what} asks {', '.join(outside)}, which is none of `hosts`")

    def _clean(self, text: str, where: str) -> None:
        if private.found(text, private.PRIVATE):
            failed(f"{where} holds personal data: the person who ordered")
        secrets = {*self.shop.secrets, self.next_secret}
        secrets |= {str(self.shop.options[name]) for name in self.secret_options if name in self.shop.options}
        if private.found(text, {secret for secret in secrets if secret}):
            failed(f"{where} holds a secret of the shop")


def _nothing_there(_: object) -> Reply:
    return 404, {}, b""


def mutilated(value: Any) -> Iterator[Any]:
    """Give JSON with each of its values replaced by something personal of the wrong kind, one at a time."""
    email = private.CONTACT.email
    if isinstance(value, dict):
        for key, below in value.items():
            for wrong in (email, [email], {"e": email}):
                yield {**value, key: wrong}
            yield {name: each for name, each in value.items() if name != key}
            for each in mutilated(below):
                yield {**value, key: each}
    elif isinstance(value, list):
        for place, below in enumerate(value):
            for each in (email, *mutilated(below)):
                yield [*value[:place], each, *value[place + 1 :]]
