"""What has been kept long enough goes, while the shop goes on; what is still needed stays."""

from __future__ import annotations

from aftercare_sdk.engine import upkeep
from aftercare_sdk.model.privacy import Disconnected, PrivacyKind, PrivacyRequest
from aftercare_sdk.store import alerts, messages, privacy
from tests.support.shop import DAY, Bench, always, note, order, program


def test_law_11_each_goes_in_its_time(migrated_database_url):
    """Bodies after 90 days, words and alerts after a year, requests that are done after three years."""
    with Bench(migrated_database_url, {"all": program(on_purchase=always(note()))}) as shop:
        shop.tell(order("1"), PrivacyRequest(kind=PrivacyKind.EXPORT, id="1"))
        shop.run(DAY)
        shop.tell(Disconnected(reason="gone"))
        shop.process()
        shop.aftercare.alert()
        brand = shop.aftercare.brand
        with brand.database.write() as connection:
            (asked,) = privacy.still_open(connection)
            privacy.settle(connection, asked.key, "", shop.clock.now())
            alerts.end_alert(connection, "shop_disconnected", "main", shop.clock.now())
        key = shop.message().key

        def kept():
            with brand.database.read() as connection:
                return {
                    "bodies": any(one.body for one in shop.webhooks()),
                    "words": bool(messages.copies_of(connection, [key])),
                    "alerts": bool(alerts.latest(connection)),
                    "requests": bool(privacy.settled(connection)),
                }

        found = {}
        for days in (89, 100, 360, 400, 1_090, 1_200):
            shop.clock.move(shop.clock.now().replace(year=2026, month=5, day=2) + days * DAY)
            upkeep.throw_away(brand)
            found[days] = [name for name, is_kept in kept().items() if is_kept]
        assert {
            89: ["bodies", "words", "alerts", "requests"],
            100: ["words", "alerts", "requests"],
            360: ["words", "alerts", "requests"],
            400: ["requests"],
            1_090: ["requests"],
            1_200: [],
        } == found
        assert [("1", "accepted", "accepted")] == shop.outcomes()
        assert ["accepted"] == [one.state.value for one in shop.messages()]


def test_law_11_a_shop_sets_its_own_periods(migrated_database_url):
    """Shorter for the words of mails, for instance."""
    with Bench(
        migrated_database_url,
        {"all": program(on_purchase=always(note()))},
        config={"retention": {"copies": "2 days"}},
    ) as shop:
        shop.tell(order("1"))
        shop.run(DAY)
        shop.run(2 * DAY)
        upkeep.throw_away(shop.aftercare.brand)
        with shop.aftercare.brand.database.read() as connection:
            assert {} == messages.copies_of(connection, [shop.message().key])
