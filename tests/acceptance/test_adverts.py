"""What advertises is sent as marketing only, whoever wants it sent otherwise (LAW-02)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.actions import Purpose
from aftercare_sdk.errors import SettingsError
from aftercare_sdk.model.messages import Template
from tests.support.shop import DAY, HOUR, LAWFUL, Bench, always, consent, note, order, program

COUPON = "Thank you.\n{% coupon %}5 % off your next tea{% endcoupon %}"


class Coupons(AftercareHooks):
    """A plugin whose Japanese thank-you mail has a coupon, and whose English one has none."""

    @hookimpl
    def register_templates(self) -> Iterable[Template]:
        return [
            Template(name="gift", locale="en", subject="Thank you", text="Thank you.", html="Thank you."),
            Template(name="gift", locale="ja", subject="Thank you", text=COUPON, html="Thank you."),
        ]


def shop(url, *actions, **more):
    """Return a shop with a plugin that thanks, and a neighbour that sends what is in order."""
    plugins = {
        "coupons": Coupons(),
        "thanks": program(on_purchase=always(*actions)),
        "neighbour": program(on_purchase=always(note())),
    }
    return Bench(url, plugins, **more)


def test_law_02_a_plugin_cannot_send_a_coupon_as_service(migrated_database_url):
    """In any language of the template: its answer is refused, to be seen, and its neighbours' are not."""
    with shop(migrated_database_url, note("gift", template="gift")) as bench:
        bench.tell(order())
        bench.run(DAY)
        assert [("1", "accepted", "accepted")] == bench.outcomes()
        (unit,) = bench.units("thanks")
        assert (
            "its answer cannot be carried out: gift (ja), text, line 2: {% coupon %} advertises, and the "
            'message is service; make it purpose = "marketing" or take that out of the template (LAW-02)'
        ) == unit["error"]


def test_law_02_as_marketing_it_leaves_with_a_consent(migrated_database_url):
    """Which is what the purpose is for."""
    advert = note("gift", template="gift", purpose=Purpose.MARKETING)
    with shop(migrated_database_url, advert, config=LAWFUL) as bench:
        consent(bench)
        bench.tell(order())
        bench.run(DAY)
        assert {"gift", "note"} == {one.label for one in bench.messages() if one.code == "accepted"}


def folder(path: Path, name: str, text: str) -> dict[str, str]:
    """Write a template whose Japanese and English text part is `text`; return the section that names it."""
    for language in ("ja", "en"):
        (path / "words" / language).mkdir(parents=True)
        for part in ("subject", "txt", "html"):
            said = text if part == "txt" else "Thank you."
            (path / "words" / language / f"{name}.{part}.liquid").write_text(said, encoding="utf-8")
    return {"folder": str(path / "words")}


def test_law_02_a_flow_with_a_coupon_is_refused_at_configuration(migrated_database_url, tmp_path):
    """With path, place and cure, before anything is sent."""
    config = {
        "plugins": {"flows": {"thank-you": {}}},
        "templates": folder(tmp_path, "thank-you", COUPON),
    }
    with pytest.raises(SettingsError) as error, Bench(migrated_database_url, config=config):
        pass
    (problem,) = error.value.problems
    assert (
        'plugins.flows.thank-you.purpose: "service" is not for templates that advertise: '
        "thank-you (en), text, line 2: {% coupon %} advertises; "
        "thank-you (ja), text, line 2: {% coupon %} advertises; "
        'make it purpose = "marketing" or take that out of the template (LAW-02)'
    ) == problem


def test_law_02_a_coupon_that_comes_into_a_template_later_is_not_sent_as_service(
    migrated_database_url, tmp_path
):
    """A message takes the words that are in force when it leaves, and keeps its purpose."""
    later = program(on_purchase=always(note(delay=HOUR)))
    with Bench(migrated_database_url, {"thanks": later}) as bench:
        bench.tell(order())
        bench.process()
        with bench.twin(config={"templates": folder(tmp_path, "note", COUPON)}) as changed:
            changed.run(DAY)
        assert [("1", "failed", "template_failed")] == bench.outcomes()
        assert [] == bench.sent
