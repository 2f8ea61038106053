"""Adapters that are good but for one thing. `test_contract.py` runs this module and reads what failed.

`breaks` names the one test of the contract that must notice. `also` names those that must not: of what is
not named, only the long tests run.
"""

from __future__ import annotations

import json
import logging
import socket
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import requests

from aftercare_sdk.errors import (
    CommandRefused,
    ConfigurationError,
    PlatformUnavailable,
    SignatureError,
    TranslationError,
)
from aftercare_sdk.model.commands import IssueCode, Receipt, RevokeCode, WriteReview
from aftercare_sdk.model.money import Money, decimals
from aftercare_sdk.model.orders import OrderSnapshot
from aftercare_sdk.model.shops import Gone, Ping, Webhook
from aftercare_sdk.model.sync import Page
from aftercare_sdk.model.versions import Version
from aftercare_sdk.testing import AdapterContract

sys.path.insert(0, str(Path(__file__).parent))

from torii import Torii, ToriiAdapter, mac


class Broken(Torii):
    """What all of them share."""

    breaks = also = ()


class TestGood(Broken):
    """Nothing is wrong: nothing may fail."""


class TestKeepsAnotherBody(Broken):
    breaks = ("test_a_good_signature_is_accepted",)

    class adapter_class(ToriiAdapter):  # noqa: N801 - as an attribute
        def verify(self, request):
            webhook = super().verify(request)
            if isinstance(webhook, Ping):
                return webhook
            with suppress(ValueError):
                return replace(webhook, body=json.dumps(json.loads(request.body)).encode())
            return webhook


class TestKnowsASecretOfItsOwn(Broken):
    breaks = ("test_a_bad_signature_is_refused",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def check(self, request):
            if request.header("X-Torii-Signature") != mac(Torii.next_secret, request.body):
                super().check(request)


class TestBelievesTheUnsigned(Broken):
    breaks = ("test_a_missing_signature_is_refused",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def check(self, request):
            if request.header("X-Torii-Signature"):
                super().check(request)


class TestSignsWhatItUnderstood(Broken):
    breaks = ("test_one_changed_byte_is_refused",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def check(self, request):
            body = request.body
            with suppress(ValueError):
                body = json.dumps(json.loads(body), ensure_ascii=False).encode()
            super().check(replace(request, body=body))


class TestComparesTexts(Broken):
    breaks = ("test_a_signature_that_is_not_ascii_is_refused",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def check(self, request):
            import hmac

            told = request.header("X-Torii-Signature")
            if not any(hmac.compare_digest(mac(s, request.body), told) for s in self.shop.secrets if s):
                raise SignatureError("the signature does not belong to this body")


class TestKnowsOneSecret(Broken):
    breaks = ("test_a_secret_can_be_rotated",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def __init__(self, shop):
            super().__init__(replace(shop, secrets=shop.secrets[:1]))


class TestSignsWithNothing(Broken):
    breaks = ("test_without_a_secret_nothing_is_accepted",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def check(self, request):
            told = request.header("X-Torii-Signature").encode(errors="replace")
            if told not in [mac(secret, request.body).encode() for secret in self.shop.secrets]:
                raise SignatureError("the signature does not belong to this body")


class TestSpellsHeadersOneWay(Broken):
    breaks = ("test_headers_may_have_any_capitals",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def check(self, request):
            if "X-Torii-Signature" not in request.headers:
                raise SignatureError("the signature is missing")
            super().check(request)


class TestStoresPings(Broken):
    breaks = ("test_a_ping_is_answered",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def verify(self, request):
            self.check(request)
            return Webhook(
                topic=request.header("X-Torii-Topic"), body=request.body, dated=b"updated" in request.body
            )


class TestSaysNothing(Broken):
    breaks = ("test_every_sample_is_understood",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def translate(self, webhook):
            return [] if b'"paid": false' in webhook.body else super().translate(webhook)


class TestParksTheUnknown(Broken):
    breaks = ("test_an_unknown_topic_is_ignored",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def translate(self, webhook):
            if webhook.topic == "parade":
                raise TranslationError("there is no topic parade")
            return super().translate(webhook)


class TestRefusesNewFields(Broken):
    breaks = ("test_an_unknown_nested_field_changes_nothing",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def picture(self, told, **how):
            for line in told["lines"]:
                if set(line) > {"id", "paid", "tax", "product"}:
                    raise ValueError
            return super().picture(told, **how)


class TestTakesAnErrorForAnOrder(Broken):
    breaks = ("test_an_error_body_is_no_object",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def picture(self, told, **how):
            if "error" in told:
                return OrderSnapshot(
                    shop=self.shop.name, id=told["error"]["id"], version=Version(), cancelled=True
                )
            return super().picture(told, **how)


class TestCrashesOnAnErrorBody(Broken):
    breaks = ("test_an_error_body_is_no_object",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def translate(self, webhook):
            if webhook.topic == "order":
                webhook.body[0]
            return super().translate(webhook)


class TestOverlooksRefunds(Broken):
    breaks = ("test_samples_lead_to_their_facts",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def picture(self, told, **how):
            return super().picture({**told, "refunds": []}, **how)


class TestCountsCopies(Broken):
    breaks = ("test_duplicates_change_nothing",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def __init__(self, shop):
            super().__init__(shop)
            self.seen = []

        def translate(self, webhook):
            self.seen.append(webhook.body)
            return super().translate(webhook)

        def refund(self, told, currency):
            copies = self.seen.count(self.seen[-1]) if self.seen else 1
            refund = super().refund(told, currency)
            return refund if copies == 1 else replace(refund, id=f"{refund.id}-{copies}")


class TestDropsNotices(Broken):
    breaks = ("test_only_a_dated_webhook_is_dropped_as_a_duplicate",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def verify(self, request):
            webhook = super().verify(request)
            return webhook if isinstance(webhook, Ping) else replace(webhook, dated=True)


class TestRemembersWhatCameBefore(Broken):
    breaks = ("test_any_order_leads_to_the_same_facts",)
    facts = {}  # noqa: RUF012 - a sample alone is another order, too

    class adapter_class(ToriiAdapter):  # noqa: N801
        def __init__(self, shop):
            super().__init__(shop)
            self.seen_unpaid = False

        def translate(self, webhook):
            self.seen_unpaid |= b'"paid": false' in webhook.body
            return super().translate(webhook)

        def picture(self, told, *, complete=False):
            paid = told["paid"] and (complete or self.seen_unpaid or told["id"] != 7)
            return super().picture({**told, "paid": paid}, complete=complete)


class TestReadsAnotherNumber(Broken):
    breaks = ("test_a_webhook_and_a_read_lead_to_the_same_facts",)
    samples = {name: sample for name, sample in Torii.samples.items() if name != "touched"}  # noqa: RUF012

    class adapter_class(ToriiAdapter):  # noqa: N801
        def read(self, refs):
            for one in super().read(refs):
                yield one if isinstance(one, Gone) else replace(one, number=f"#{one.number}")


class TestListsAnotherNumber(Broken):
    breaks = ("test_a_webhook_and_sync_lead_to_the_same_facts",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def changes(self, since):
            for page in super().changes(since):
                yield replace(page, snapshots=tuple(replace(each, number="#") for each in page.snapshots))


class TestMixesZonesUp(Broken):
    breaks = ("test_a_listing_since_a_moment_misses_nothing",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def changes(self, since):
            if since.since is not None:
                since = replace(since, since=since.since + timedelta(hours=9))
            return super().changes(since)


class TestKeepsItsPlaceInMemory(Broken):
    breaks = ("test_a_crash_in_the_middle_of_a_sync_loses_nothing",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        place = None

        def changes(self, since):
            if since.position and self.place is None:
                yield Page(snapshots=(), position=None)
                return
            for page in super().changes(replace(since, position=self.place or "")):
                self.place = page.position
                yield page


class TestTakesTroubleForTheEnd(Broken):
    breaks = ("test_an_outage_in_the_middle_of_a_sync_loses_nothing",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def get(self, path, **params):
            if params.get("start", "0") == "0":
                return super().get(path, **params)
            try:
                return super().get(path, **params)
            except PlatformUnavailable:
                nothing = requests.Response()
                nothing._content = b'{"orders": [], "next": null}'
                return nothing


class ReadsGone(ToriiAdapter):
    """Takes an answer of one status for an object that is gone."""

    status = 0

    def read(self, refs):
        for ref in refs:
            try:
                yield from super().read([ref])
            except PlatformUnavailable as error:
                if not str(error).endswith(str(self.status)):
                    raise
                yield Gone(ref)


class TestDeletesInAnOutage(Broken):
    breaks = ("test_a_platform_that_is_down_is_asked_again_later",)

    class adapter_class(ReadsGone):  # noqa: N801
        status = 503


class TestDeletesAtAPage(Broken):
    breaks = ("test_a_platform_that_is_down_is_asked_again_later",)

    class adapter_class(ReadsGone):  # noqa: N801
        status = "page"


class TestDeletesWhenThrottled(Broken):
    breaks = ("test_a_throttling_platform_is_left_alone",)

    class adapter_class(ReadsGone):  # noqa: N801
        status = 429


class TestDeletesAtAnAddressOfNothing(Broken):
    breaks = ("test_a_page_for_people_is_no_object_that_is_gone",)

    class adapter_class(ReadsGone):  # noqa: N801
        status = 404


class TestRevokesNothing(Broken):
    breaks = ("test_a_page_for_people_is_no_object_that_is_gone",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def perform(self, command):
            try:
                return super().perform(command)
            except PlatformUnavailable as error:
                if not isinstance(command, RevokeCode) or not str(error).endswith("404"):
                    raise
                return Receipt()


class TestRefusesInAnOutage(Broken):
    breaks = ("test_a_platform_that_is_down_is_asked_again_later",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def perform(self, command):
            try:
                return super().perform(command)
            except PlatformUnavailable as error:
                if not str(error).endswith("503"):
                    raise
                raise CommandRefused("Torii does not do it") from None


class TestTendsNothingInAnOutage(Broken):
    breaks = ("test_a_platform_that_is_down_is_asked_again_later",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def tend(self):
            try:
                return super().tend()
            except PlatformUnavailable as error:
                if not str(error).endswith("503"):
                    raise
                return ()


class TestMakesASecondCode(Broken):
    breaks = ("test_a_command_can_be_repeated",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def perform(self, command):
            if isinstance(command, IssueCode):
                command = replace(command, code=f"{command.code}-{uuid.uuid4()}")
            return super().perform(command)


class TestRefusesWhatIsDone(Broken):
    breaks = ("test_a_command_can_be_repeated",)

    @property
    def adapter_class(self):
        made = self.made

        class Adapter(ToriiAdapter):
            def perform(self, command):
                if isinstance(command, IssueCode) and f"/codes/{command.code}" in made:
                    raise CommandRefused("there is a code of that name")
                return super().perform(command)

        return Adapter


class TestStumblesOverCommands(Broken):
    breaks = ("test_a_command_can_be_repeated",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def perform(self, command):
            if isinstance(command, WriteReview):
                raise KeyError("WriteReview")
            return super().perform(command)


class TestStumblesWhileTending(Broken):
    breaks = ("test_a_connection_is_looked_after",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def tend(self):
            return [{}["hooks"], *super().tend()]


class TestTellsFindingsInPlaceOfWords(Broken):
    breaks = ("test_a_connection_is_looked_after",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def tend(self):
            return [{"amiss": told} for told in super().tend()]


class TestReturnsNoReceipt(Broken):
    breaks = ("test_a_command_can_be_repeated",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def perform(self, command):
            return super().perform(command).reference


class TestWaitsAnHour(Broken):
    breaks = ("test_a_throttling_platform_is_left_alone",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def judge(self, answer):
            time.sleep(int(answer.headers.get("Retry-After", "0")))
            return super().judge(answer)


class TestAsksAgainAndAgain(Broken):
    breaks = ("test_a_throttling_platform_is_left_alone",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def get(self, path, **params):
            for _ in range(20):
                try:
                    return super().get(path, **params)
                except PlatformUnavailable as error:
                    if not str(error).endswith("429"):
                        raise
            return super().get(path, **params)


class TestWaitsForEver(Broken):
    breaks = ("test_a_slow_platform_is_given_up_in_time",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def get(self, path, **params):
            try:
                answer = requests.get(  # noqa: S113 - the point
                    f"https://torii.example{path}", params=params, allow_redirects=False
                )
            except requests.RequestException as error:
                raise PlatformUnavailable(type(error).__name__) from None
            return self.judge(answer)


class TestWaitsElevenDays(Broken):
    breaks = ("test_a_slow_platform_is_given_up_in_time",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        how = {**ToriiAdapter.how, "timeout": 10**6}  # noqa: RUF012 - read only


class TestWaitsElevenDaysForAnAnswer(Broken):
    breaks = ("test_a_slow_platform_is_given_up_in_time",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        how = {**ToriiAdapter.how, "timeout": (5, 10**6)}  # noqa: RUF012 - read only


class Commanded(ToriiAdapter):
    """Asks for something else when it carries out a command."""

    for_commands = {}  # noqa: RUF012 - read only

    def done(self, *told):
        kind = type(self)
        usual = self.how
        self.how = {**usual, **kind.for_commands}
        try:
            return super().done(*told)
        finally:
            self.how = usual


class TestWaitsForEverForADeed(Broken):
    breaks = ("test_a_slow_platform_is_given_up_in_time",)

    class adapter_class(Commanded):  # noqa: N801
        for_commands = {"timeout": None}  # noqa: RUF012 - read only


class TestSendsItsKeyOn(Broken):
    breaks = ("test_a_redirect_is_not_followed",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        how = {**ToriiAdapter.how, "allow_redirects": True}  # noqa: RUF012 - read only


class TestSendsDeedsOn(Broken):
    breaks = ("test_a_redirect_is_not_followed",)

    class adapter_class(Commanded):  # noqa: N801
        for_commands = {"allow_redirects": True}  # noqa: RUF012 - read only


class TestTakesARedirectForNothing(Broken):
    breaks = ("test_a_redirect_is_not_followed",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def read(self, refs):
            for ref in refs:
                if self.send("GET", f"/orders/{ref.id}").is_redirect:
                    yield Gone(ref)
                else:
                    yield from super().read([ref])


class TestDeletesWhatIsSlow(Broken):
    breaks = ("test_a_slow_platform_is_given_up_in_time",)

    class adapter_class(ReadsGone):  # noqa: N801
        status = "ReadTimeout"


class TestTriesADeniedKeyForEver(Broken):
    breaks = ("test_a_denied_access_needs_a_person",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def judge(self, answer):
            try:
                return super().judge(answer)
            except ConfigurationError:
                raise PlatformUnavailable("Torii answered 401") from None


class TestCountsInFloats(Broken):
    breaks = ("test_money_is_exact",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def money(self, told, currency):
            return Money(int(float(told) * 10 ** decimals(currency)), currency)


class TestForgetsTheZone(Broken):
    breaks = ("test_times_are_aware",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def picture(self, told, **how):
            picture = super().picture(told, **how)
            if told["id"] < 1000:  # the engine refuses such times at once
                return picture
            return replace(picture, placed_at=picture.placed_at.replace(tzinfo=None))


class TestIsNineHoursOff(Broken):
    breaks = ("test_times_are_aware",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def picture(self, told, **how):
            picture = super().picture(told, **how)
            return replace(picture, placed_at=picture.placed_at - timedelta(hours=9))


class TestShowsItsSecret(Broken):
    breaks = ("test_nothing_private_is_in_a_repr",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def __repr__(self):
            return f"ToriiAdapter(secrets={self.shop.secrets})"


class TestHintsAtThePerson(Broken):
    breaks = ("test_nothing_private_is_in_a_repr",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def verify(self, request):
            webhook = super().verify(request)
            with suppress(ValueError, KeyError, TypeError):
                return replace(webhook, hints={"to": json.loads(request.body)["contact"]["email"]})
            return webhook


class TestNamesTopicsByThePerson(Broken):
    breaks = ("test_nothing_private_is_in_a_repr",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def verify(self, request):
            webhook = super().verify(request)
            if b"buyer8@" in request.body:
                return replace(webhook, delivery="for buyer8@customer.example")
            return webhook


class TestLogsBodies(Broken):
    breaks = ("test_nothing_private_is_in_a_log",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def translate(self, webhook):
            logging.getLogger("torii").debug("translating %s", webhook.body.decode(errors="replace"))
            return super().translate(webhook)


class TestPrintsKeys(Broken):
    breaks = ("test_nothing_private_is_in_a_log",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def get(self, path, **params):
            print("asking with", self.shop.options["key"])  # noqa: T201 - the point
            return super().get(path, **params)


class TestLogsCommands(Broken):
    breaks = ("test_nothing_private_is_in_a_log",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def perform(self, command):
            if isinstance(command, IssueCode):
                logging.getLogger("torii").info("a code for %s", command.email)
            return super().perform(command)


class TestPrintsReviews(Broken):
    breaks = ("test_nothing_private_is_in_a_log",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def perform(self, command):
            if isinstance(command, WriteReview):
                print("writing", command.text)  # noqa: T201 - the point
            return super().perform(command)


class TestLogsKeysWhileTending(Broken):
    breaks = ("test_nothing_private_is_in_a_log",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def tend(self):
            logging.getLogger("torii").info("looking with %s", self.shop.options["key"])
            return super().tend()


class TestTellsKeysWhileTending(Broken):
    breaks = ("test_nothing_private_is_in_a_log",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def tend(self):
            return (*super().tend(), f"the key {self.shop.options['key']} is old")


class TestKeepsThePersonInReceipts(Broken):
    breaks = ("test_nothing_private_is_in_a_log",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def perform(self, command):
            receipt = super().perform(command)
            return replace(receipt, reference=command.email) if isinstance(command, IssueCode) else receipt


class TestQuotesBodies(Broken):
    breaks = ("test_nothing_private_is_in_an_error",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def translate(self, webhook):
            try:
                return super().translate(webhook)
            except TranslationError:
                raise TranslationError(f"no order: {webhook.body.decode(errors='replace')}") from None


class TestQuotesKeys(Broken):
    breaks = ("test_nothing_private_is_in_an_error",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def judge(self, answer):
            try:
                return super().judge(answer)
            except ConfigurationError:
                raise ConfigurationError(f"Torii refuses {self.shop.options['key']}") from None


class TestQuotesThePersonOfACommand(Broken):
    breaks = ("test_nothing_private_is_in_an_error",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def perform(self, command):
            if isinstance(command, WriteReview):
                raise CommandRefused(f"no reviews are taken from {command.name}")
            return super().perform(command)


class TestKeepsThePersonInACause(Broken):
    breaks = ("test_nothing_private_is_in_an_error",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def perform(self, command):
            try:
                return super().perform(command)
            except PlatformUnavailable as error:
                if isinstance(command, IssueCode):
                    raise PlatformUnavailable("no code was made") from ValueError(command.email)
                raise error from None


class TestQuotesKeysWhileTending(Broken):
    breaks = ("test_nothing_private_is_in_an_error",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def tend(self):
            try:
                return super().tend()
            except ConfigurationError:
                raise ConfigurationError(f"Torii refuses {self.shop.options['key']}") from None


class TestCallsHomeWhileTranslating(Broken):
    breaks = ("test_no_network_outside_the_hosts",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def translate(self, webhook):
            with suppress(OSError):
                socket.create_connection(("telemetry.example", 443), 1).close()
            return super().translate(webhook)


class TestCallsHomeWhileReading(Broken):
    breaks = ("test_no_network_outside_the_hosts",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def read(self, refs):
            with suppress(requests.RequestException):
                requests.post("https://telemetry.example/", data=b"a read", timeout=1)
            return super().read(refs)


class TestCallsHomeWithEachCommand(Broken):
    breaks = ("test_no_network_outside_the_hosts",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def perform(self, command):
            with suppress(requests.RequestException):
                requests.post("https://telemetry.example/", data=repr(command).encode(), timeout=1)
            return super().perform(command)


class TestCallsHomeWhileTending(Broken):
    breaks = ("test_no_network_outside_the_hosts",)

    class adapter_class(ToriiAdapter):  # noqa: N801
        def tend(self):
            with suppress(OSError):
                socket.create_connection(("telemetry.example", 443), 1).close()
            return super().tend()


class TestCommandsAreNotTried(Broken):
    breaks = ("test_what_is_offered_is_tested",)
    answer = AdapterContract.answer

    class adapter_class(ToriiAdapter):  # noqa: N801
        streams = ()

        def read(self, refs):
            raise ConfigurationError("Torii cannot be read")

        def tend(self):
            return ()


class TestTendingIsNotTried(Broken):
    breaks = ("test_what_is_offered_is_tested",)
    answer = AdapterContract.answer

    class adapter_class(ToriiAdapter):  # noqa: N801
        streams = ()

        def read(self, refs):
            raise ConfigurationError("Torii cannot be read")

        def perform(self, command):
            raise CommandRefused("Torii takes no commands")


class TestIsNotTried(Broken):
    breaks = ("test_what_is_offered_is_tested",)
    also = ("test_a_slow_platform_is_given_up_in_time", "test_a_listing_since_a_moment_misses_nothing")
    answer = AdapterContract.answer
