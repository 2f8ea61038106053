"""The checker of the simulated shop can fail: one rule is broken at a time, and it names that rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from tests.support.simulated_shop.checker import check
from tests.support.simulated_shop.facts import (
    AccountPicture,
    Agrees,
    Complains,
    Delivered,
    Erased,
    House,
    Objects,
    OneClick,
    OrderPicture,
    PlatformSays,
    Reported,
    Step,
    Told,
    Unanswered,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOUGHT = datetime(2026, 6, 1, 3, tzinfo=UTC)
"""Noon in Japan."""
HANA = "hana@customer.example"
LINK = "https://aftercare.example/c/token"
LEGAL = ("Hibi K.K.", "1-2-3 Jingumae, Tokyo", "help@hibi.example")
HOUSE = House(
    country="JP",
    shops={"main": ("JP", "Asia/Tokyo")},
    legal=LEGAL,
    public="https://aftercare.example/",
    review_is_service=frozenset(),
    steps={
        step.label: step
        for step in (
            Step(label="offer", purpose="marketing", on="purchase", delay=HOUR, window=3 * DAY, stands=True),
            Step(
                label="again", purpose="marketing", on="purchase", delay=HOUR, window=30 * DAY, apart=9 * DAY
            ),
            Step(label="receipt", purpose="transactional", on="purchase", delay=HOUR, window=DAY),
            Step(label="help", purpose="service", on="purchase", delay=HOUR, window=30 * DAY),
            Step(label="survey", purpose="survey", on="purchase", delay=HOUR, window=30 * DAY),
        )
    },
)
ORDER = OrderPicture(
    shop="main", number="1", modified=BOUGHT, placed=BOUGHT, bought=BOUGHT, email=HANA, country="JP"
)
YES = Told(BOUGHT, Agrees(email=HANA))
NO = Told(BOUGHT + HOUR / 2, Objects(email=HANA))
HISTORY = (Told(BOUGHT, ORDER), YES)


def mail(step="offer", at=HOUR, *, number="1", id_="1", to=HANA, known=99, said=(*LEGAL, LINK), **headers):
    """Write a mail as it would have left, some time after the purchase."""
    written = EmailMessage()
    covered = step in {"offer", "again", "survey"}
    given = {
        "To": to,
        "Message-ID": f"<{id_}@shop.example>",
        "List-Unsubscribe": f"<{LINK}>" if covered else None,
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" if covered else None,
        **headers,
    }
    for name, value in given.items():
        if value is not None:
            written[name] = value
    words = "\n".join((f"[{step} main/order/{number}/purchase]", *said, "配信を停止する"))
    written.set_content(words)
    written.add_alternative(f"<p>{words}</p>", subtype="html")
    return Delivered(at=BOUGHT + at, content=written.as_bytes(), known=known)


def broken(*mails, history=HISTORY):
    """Return the rules that are broken."""
    told = sorted(history, key=lambda one: one.at)
    known = [replace(each, known=sum(one.at <= each.at for one in told)) for each in mails]
    return [one.rule for one in check(HOUSE, told, known)]


def told(fact, at=HOUR / 2):
    """Return a history in which something else was told."""
    return (*HISTORY, Told(BOUGHT + at, fact))


def other(number, **changes):
    """Return another order, told with the first."""
    return Told(BOUGHT, replace(ORDER, number=number, **changes))


def report(kind, at, message="0", **said):
    """Return a report, told when it happened."""
    return Told(BOUGHT + at, Reported(message=message, email=HANA, kind=kind, at=BOUGHT + at, **said))


def test_what_may_be_sent_is_not_held_against_anybody():
    """A checker that always fails proves nothing either."""
    help_, night = mail("help", 2 * HOUR, id_="2"), mail("receipt", 12 * HOUR, id_="3")
    assert [] == broken(mail(), help_, night, mail("survey", 26 * HOUR, id_="4"))


def test_law_03_no_mail_without_a_basis():
    """Japan wants an express consent, and a purchase is none."""
    assert ["BASIS-JP"] == broken(mail(), history=HISTORY[:1])
    by_order = Told(BOUGHT, Agrees(email=HANA, basis="soft_opt_in", order="main/order/1"))
    assert ["BASIS-JP"] == broken(mail(), history=(HISTORY[0], by_order))


@pytest.mark.parametrize(
    ("country", "said", "expected"),
    [
        ("DE", {"basis": "soft_opt_in", "order": "main/order/1"}, []),
        ("DE", {"basis": "soft_opt_in", "order": "main/order/9"}, ["BASIS-EU"]),
        ("DE", {"basis": "implied"}, ["BASIS-EU"]),
        ("GB", {"basis": "soft_opt_in", "order": "main/order/1"}, []),
        ("SG", {"basis": "soft_opt_in", "order": "main/order/1"}, ["BASIS-other"]),
        ("SG", {"purpose": "survey"}, ["BASIS-other"]),
        ("CA", None, []),
        ("US", None, []),
    ],
)
def test_each_place_has_its_law(country, said, expected):
    """LAW-13, LAW-14, LAW-16 and LAW-17, at a moment at which it is day everywhere."""
    history = [Told(BOUGHT, replace(ORDER, country=country))]
    history += [Told(BOUGHT, Agrees(email=HANA, **said))] if said else []
    day = 17 * HOUR if country in {"US", "CA"} else 6 * HOUR
    assert expected == broken(mail(at=day), history=history)


def test_the_strictest_of_several_places_counts():
    """The parcel goes to America, and the account is of somebody in Japan."""
    account = AccountPicture(
        shop="main", number="c", modified=BOUGHT, email=HANA, country="JP", zone="America/New_York"
    )
    history = [Told(BOUGHT, account), Told(BOUGHT, replace(ORDER, account="c", country="US"))]
    assert ["BASIS-JP"] == broken(mail(at=17 * HOUR), history=history)


@pytest.mark.parametrize(
    "fact",
    [
        Objects(email=HANA),
        Objects(email=HANA, purpose="marketing", by="mori"),
        OneClick(url=LINK, email=HANA),
    ],
)
def test_law_14_an_objection_beats_an_earlier_consent(fact):
    """However it was made."""
    assert ["LAW-14"] == broken(mail(), history=told(fact))


def test_law_14_only_the_persons_own_later_word_ends_an_objection():
    """Not that of the shop, and not one that was not said expressly."""
    again = [
        replace(YES.fact, by=by, basis=basis)
        for by, basis in (("customer", "express"), ("mori", "express"), ("customer", "soft_opt_in"))
    ]
    assert [[], ["LAW-14"], ["LAW-14"]] == [
        broken(mail(), history=(*HISTORY, NO, Told(BOUGHT + HOUR * 3 / 4, fact))) for fact in again
    ]


def test_law_21_what_a_platform_says_later_does_not_end_an_objection():
    """To have been asked is no consent, and an unsubscription is not forgotten."""
    account = Told(BOUGHT, AccountPicture(shop="main", number="c", modified=BOUGHT, email=HANA))
    said = [
        Told(
            BOUGHT + n * HOUR / 4,
            PlatformSays(shop="main", account="c", since=BOUGHT + n * HOUR / 4, state=state),
        )
        for n, state in enumerate(("unsubscribed", "pending", "subscribed"))
    ]
    assert ["LAW-14"] == broken(mail(), history=(*HISTORY, account, *said[:2]))
    assert [] == broken(mail(), history=(*HISTORY, account, *said))


@pytest.mark.parametrize(
    ("at", "expected"),
    [(10 * HOUR, ["LAW-22"]), (9.9 * HOUR, []), (20 * HOUR, []), (19.9 * HOUR, ["LAW-22"])],
)
def test_law_22_nobody_is_woken(at, expected):
    """Between ten and eight, to the minute."""
    assert expected == broken(mail("help", at))


@pytest.mark.parametrize(
    ("times", "expected"), [((1, 24.9), ["LAW-23"]), ((1, 25), []), ((1, 25, 49, 73), ["LAW-23"])]
)
def test_law_23_no_more_than_the_caps(times, expected):
    """One in a day, three in a week, over several orders."""
    numbers = [str(n) for n, _ in enumerate(times, start=1)]
    history = (*HISTORY, *(other(number) for number in numbers))
    mails = [mail("survey", hours * HOUR, number=n, id_=n) for n, hours in zip(numbers, times, strict=True)]
    assert expected == broken(*mails, history=history)[:1]


def test_law_23_counts_a_person_and_not_an_address():
    """Two addresses of one account."""
    new = "new@customer.example"
    joined = [
        Told(BOUGHT, AccountPicture(shop="main", number="c", modified=BOUGHT + n * HOUR / 9, email=email))
        for n, email in enumerate((HANA, new))
    ]
    history = (*HISTORY, *joined, other("2", email=new))
    assert ["LAW-23"] == broken(mail(), mail(at=2 * HOUR, number="2", id_="2", to=new), history=history)


def test_feed_08_after_a_complaint_nothing_advertises_for_a_while():
    """For a fortnight, whatever the order."""
    history = (*HISTORY, Told(BOUGHT + DAY, Complains(shop="main", order="1", at=BOUGHT)))
    assert [["FEED-08"], [], []] == [
        broken(letter, history=history)
        for letter in (mail("again", 2 * DAY), mail("again", 14.1 * DAY), mail("help", 2 * DAY))
    ]


def test_send_06_a_suppressed_address_gets_nothing():
    """For good, of a person, or because nothing has arrived for a week."""
    gone = report("bounced", HOUR / 2, response="550 5.1.1 no such user")
    assert ["SEND-06"] == broken(mail("receipt"), history=(*HISTORY, gone))
    spam = report("complained", HOUR / 2)
    assert [["SEND-06"], []] == [broken(mail(step), history=(*HISTORY, spam)) for step in ("help", "receipt")]
    again = Told(BOUGHT + HOUR * 3 / 4, Agrees(email=HANA))
    assert [] == broken(mail("help"), history=(*HISTORY, spam, again))
    full = [report("bounced", n * 1.75 * DAY, str(n), response="452 4.2.2 full") for n in range(5)]
    late = mail("help", 8 * DAY)
    assert [["SEND-06"], [], []] == [
        broken(late, history=(*HISTORY, *reports))
        for reports in (full, full[:4], (*full, report("delivered", 2 * DAY, "6")))
    ]


def test_law_20_nothing_after_erasure():
    """By the shop or by command."""
    bare = replace(ORDER, modified=BOUGHT + HOUR / 2, email="", erased=True)
    assert ["ERASURE"] == broken(mail("help"), history=told(bare))
    assert ["ERASURE"] == broken(mail("help"), history=told(Erased(email=HANA)))


def test_send_08_nothing_leaves_twice():
    """But what serves a purchase and whose outcome nobody knows, once, under the same Message-ID."""
    twice = mail("help"), mail("help", 2 * HOUR)
    assert ["SEND-08"] == broken(*twice)
    assert ["SEND-08"] == broken(mail("help"), mail("help", 2 * HOUR, id_="2"))
    lost = told(Unanswered(message="1"), HOUR)
    assert [] == broken(*twice, history=lost)
    assert ["SEND-08"] == broken(*twice, mail("help", 3 * HOUR), history=lost)
    assert "SEND-08" in broken(mail("offer"), mail("offer", 2 * HOUR), history=lost)


@pytest.mark.parametrize(
    ("letter", "history", "rule"),
    [
        (mail("help", HOUR / 2), HISTORY, "WINDOW"),
        (mail("receipt", 25 * HOUR), HISTORY, "WINDOW"),
        (mail("help", to="bob@customer.example"), HISTORY, "ADDRESS"),
        (mail("help", number="9"), HISTORY, "PLAN"),
        (mail(), told(replace(ORDER, modified=BOUGHT + HOUR / 2, cancelled=BOUGHT)), "PREMISE"),
        (
            mail(),
            told(replace(ORDER, modified=BOUGHT + HOUR / 2, refunds=(("r", 5_000, BOUGHT),))),
            "PREMISE",
        ),
        (mail(**{"List-Unsubscribe": None}), HISTORY, "SEND-01"),
        (mail("survey", **{"List-Unsubscribe-Post": None}), HISTORY, "SEND-01"),
        (mail("help", **{"List-Unsubscribe": f"<{LINK}>"}), HISTORY, "SEND-01"),
        *(
            (mail(said=[one for one in (*LEGAL, LINK) if one != lacking]), HISTORY, "LAW-01")
            for lacking in (*LEGAL, LINK)
        ),
    ],
)
def test_each_other_rule_is_seen(letter, history, rule):
    """Too early, too late, to somebody else, about nothing, about what no longer holds, or badly written."""
    assert rule in broken(letter, history=history)


def test_a_premise_about_what_was_sent_is_checked():
    """Not twice in nine days."""
    history = (*HISTORY, other("2"))
    mails = [mail("again"), mail("again", 8 * DAY, number="2", id_="2")]
    assert ["PREMISE"] == broken(*mails, history=history)
