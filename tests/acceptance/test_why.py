"""Nobody is left wondering: what was sent, what was not, and what was never planned, each with its reason."""

from __future__ import annotations

from aftercare_sdk.actions import Decline
from tests.support.shop import DAY, HOUR, START, Bench, always, note, order, program

LETTERS = {"plugins": {"flows": {"thank-you": {}, "how-to-use": {}}}}
NO_VIP = Decline(
    label="thank-you",
    reason="condition tag=vip not met",
    words={"ja": "条件 tag=vip に合いません"},
    code="condition_not_met",
    values={"condition": "tag=vip"},
)


def declined(bench):
    """Return plugin, event, code and label of every decision to plan nothing."""
    return [
        (one.plugin, one.event, one.code, one.detail["label"])
        for one in bench.decisions()
        if one.verdict == "declined"
    ]


def test_a_plugin_says_what_it_does_not_plan(migrated_database_url):
    """As data, like everything else it decides; it costs one row."""
    with Bench(migrated_database_url, {"vip": program(on_purchase=always(NO_VIP))}) as bench:
        bench.tell(order("1"))
        bench.run_due()
        assert [("vip", "main/order/1/purchase", "condition_not_met", "thank-you")] == declined(bench)
        assert [] == bench.messages()


def test_what_a_plugin_says_twice_of_one_event_is_kept_once(migrated_database_url):
    """It is asked again after a person has mended it, and answers the same."""
    broken = [True]

    def hook(event, ctx):
        if broken:
            broken.clear()
            return [NO_VIP, note(channel="there is none")]
        return [NO_VIP, NO_VIP]

    with Bench(migrated_database_url, {"vip": program(on_purchase=hook)}) as bench:
        bench.tell(order("1"))
        bench.run(HOUR)
        assert 1 == len(declined(bench))


def test_flows_say_that_an_order_was_refunded_before_it_arrived(migrated_database_url):
    """With the number of the order and the day, out of the data."""
    with Bench(migrated_database_url, config=LETTERS) as bench:
        bench.tell(
            order(
                "1042",
                modified=START + 3 * DAY,
                refunds={"77": (1_000, START + 2 * DAY)},
                delivered={"a": START + 3 * DAY},
            ),
            at=START + 3 * DAY,
        )
        bench.run_due()
        assert [("flows", "main/order/1042/delivery/a", "order_refunded", "how-to-use")] == declined(bench)
        assert ["thank-you"] == [one.label for one in bench.messages()]
