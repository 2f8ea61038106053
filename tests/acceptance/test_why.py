"""Nobody is left wondering: what was sent, what was not, and what was never planned, each with its reason."""

from __future__ import annotations

from aftercare_sdk.actions import Decline, OrderStands
from tests.support.shop import DAY, HOUR, START, Bench, always, needs_read, note, order, program

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


def test_what_is_refunded_later_is_called_off_with_its_reason(migrated_database_url):
    """Planned and then not sent: the record names the order and the day as well."""
    letter = note(premises=(OrderStands(order="main/order/1042"),), delay=3 * DAY)
    with Bench(migrated_database_url, {"ask": program(on_purchase=always(letter))}) as bench:
        bench.tell(order("1042"))
        bench.run(DAY)
        at = START + DAY
        bench.tell(order("1042", modified=at, refunds={"77": (1_000, at)}), at=at)
        bench.run(3 * DAY)
        (last,) = [one for one in bench.decisions() if one.verdict == "skipped"]
        assert {"order": "1042", "at": at.isoformat()} == last.detail
        assert ("premise", "OrderStands", "deny", last.detail) == (
            last.checks[-1].name,
            last.checks[-1].rule,
            last.checks[-1].outcome,
            last.checks[-1].values,
        )


def test_a_message_that_is_held_for_days_is_one_row(migrated_database_url):
    """Nothing grows while something waits; the row says how often, and since when."""
    with Bench(migrated_database_url, {"thanks": program(on_purchase=always(note()))}) as bench:
        bench.shelf.close()
        bench.tell(order("1"), needs_read("1"))
        bench.run(6 * DAY)
        assert ["planned", "held"] == [verdict for verdict, _ in bench.verdicts()]
        held = bench.decisions()[-1]
        assert held.times > 100
        assert (START, True) == (held.at, held.last_at > START + 5 * DAY)
