"""Surveys and invitations to review: what they are in the eyes of the law, and that nobody is left out."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.actions import Purpose
from aftercare_sdk.model.consent_ledger import Basis
from aftercare_sdk.model.messages import Template
from aftercare_sdk.store import control
from tests.support.shop import DAY, HOUR, LAWFUL, Bench, always, consent, note, order, program

ANN = "ann@customer.example"
SURVEY = note("survey", purpose=Purpose.SURVEY, delay=HOUR)
REVIEW = note("review", purpose=Purpose.REVIEW_REQUEST, delay=HOUR)
REASON = "no reward, no link to products; our lawyer, 2 May 2026"


class Suggestions(AftercareHooks):
    """A survey that suggests products."""

    @hookimpl
    def register_templates(self) -> Iterable[Template]:
        text = "How was it? {% recommendation %}A pot goes well with it.{% endrecommendation %}"
        return [Template(name="pushy", locale="en", subject="How was it?", text=text, html="How was it?")]


def shop(url, *actions, config=LAWFUL):
    """Return a shop whose program decides the same at every purchase."""
    plugins = {"asks": program(on_purchase=always(*actions)), "suggestions": Suggestions()}
    return Bench(url, plugins, config=config)


def fate(bench, number="1", country="JP", wait=DAY):
    """Let Ann buy; return what became of the message about that order."""
    bench.tell(order(number, country=country, placed=bench.clock.now()))
    bench.run(wait)
    (found,) = [one for one in bench.messages() if one.object == number]
    return found.code


def test_law_02_a_survey_without_product_links_is_service(migrated_database_url):
    """Also in Japan it needs no consent; whoever has refused gets none."""
    with shop(migrated_database_url, SURVEY) as bench:
        assert "accepted" == fate(bench, "1")
        bench.aftercare.consents.refuse(email=ANN)
        assert "objected" == fate(bench, "2")


def test_law_02_a_survey_that_suggests_products_is_marketing(migrated_database_url):
    """As a survey it is refused; as marketing it needs what marketing needs."""
    pushy = note("pushy", template="pushy", purpose=Purpose.SURVEY)
    with shop(migrated_database_url, pushy) as bench:
        bench.tell(order())
        bench.process()
        (unit,) = bench.units("asks")
        assert "{% recommendation %} advertises, and the message is survey" in unit["error"]
        assert [] == bench.messages()


@pytest.mark.parametrize(
    ("basis", "code"),
    [(None, "no_lawful_basis"), (Basis.SOFT_OPT_IN, "no_lawful_basis"), (Basis.EXPRESS, "accepted")],
)
def test_law_03_in_japan_a_review_request_needs_express_consent(migrated_database_url, basis, code):
    """Neither the purchase is enough nor an address that came with one."""
    with shop(migrated_database_url, REVIEW) as bench:
        if basis is not None:
            consent(bench, basis=basis, order="main/order/1", refusal_offered=True)
        assert code == fate(bench)


def test_law_03_a_shop_that_reclassifies_review_requests_has_its_reason_on_record(migrated_database_url):
    """With the configuration from when on it held and with the decision, in the shop's own words."""
    config = {**LAWFUL, "consent": {"review_request_is_service": {"JP": REASON}}}
    with shop(migrated_database_url, REVIEW, config=config) as bench:
        assert "accepted" == fate(bench)
        with bench.aftercare.brand.database.read() as connection:
            ((_, _, body),) = control.configuration_versions(connection)
        assert REASON in body
        told = [check.values for check in bench.decisions()[-2].checks if check.code == "reclassified"]
        assert [REASON] == [values["why"] for values in told]


def test_law_19_whatever_a_survey_was_answered_the_review_is_asked_for(migrated_database_url):
    """It was decided before anybody has answered, and an answer cancels nothing."""
    with shop(migrated_database_url, REVIEW) as bench:
        consent(bench)
        bench.tell(order(country="JP"))
        bench.process()
        bench.aftercare.tell_feedback("main", "answer-1", survey="after-delivery", order="1")
        bench.run(DAY)
        assert "accepted" == bench.message("review").code


def test_a_review_request_outlasts_what_delays_it(migrated_database_url):
    """For 45 days, however short the shop lets others wait: a complaint delays it and cancels nothing."""
    short = {**LAWFUL, "defaults": {"window": "1 day", "marketing_window": "1 day"}}
    with shop(migrated_database_url, REVIEW, config=short) as bench:
        consent(bench)
        bench.tell(order())
        bench.process()
        planned = bench.message("review")
        assert 45 * DAY == planned.expires_at - planned.due_at
        bench.clock.move(planned.due_at + 44 * DAY)
        bench.run_due()
        assert "accepted" == bench.message("review").code
