"""Everything that is held of a person can be handed to the person (LAW-11, LAW-15)."""

from __future__ import annotations

import json
import re
import stat
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from aftercare_sdk.cli.app import app
from aftercare_sdk.model.actions import Remember, SetTimer
from aftercare_sdk.model.people import Contact
from aftercare_sdk.model.privacy import PrivacyKind, PrivacyRequest
from aftercare_sdk.outreach.sentences import catalogue
from aftercare_sdk.store import privacy
from aftercare_sdk.store.tables import metadata
from tests.support.books import PointForPound
from tests.support.commands import look_with_commands
from tests.support.shop import (
    DAY,
    START,
    Bench,
    consent,
    customer,
    note,
    order,
    program,
    review,
)

ANN, BOB = "ann@customer.example", "bob@customer.example"
SHARP = "<script>alert('堺')</script>"
TALKS = program(
    on_purchase=lambda *_: [
        note(),
        note("later", delay=30 * DAY),
        Remember(key="likes", value="sencha", reason="a test"),
        SetTimer(name="ask", delay=timedelta(days=30), data={"what": "gyokuro"}, reason="a test"),
    ]
)


def test_law_11_all_that_is_held_is_exported(desk, tmp_path):
    """Each kind of thing in a section of its own; nothing of anybody else."""
    told = exported(tmp_path, ANN)
    assert {ANN, "7"} == {one["value"] for one in told["identities"]}
    assert ["Ann", SHARP] == [told["accounts"][0]["contact"][name] for name in ("given_name", "family_name")]
    assert [("1", ["10.00 GBP"])] == [
        (one["number"], [line["paid"] for line in one["lines"]]) for one in told["orders"]
    ]
    assert ["Smells of May."] == [one["text"] for one in told["reviews"]]
    assert ["given"] == [one["word"] for one in told["consents"]]
    assert {("note", "accepted"), ("later", "planned")} == {
        (one["label"], one["state"]) for one in told["messages"]
    }
    assert any("order 1" in (one["text"] or "") for one in told["messages"])
    assert {"purchase", "review"} == {one["label"] for one in told["lots"]}
    assert [("talks", "likes", "sencha")] == [
        (one["plugin"], one["name"], one["value"]) for one in told["memory"]
    ]
    assert [{"what": "gyokuro"}] == [one["data"] for one in told["timers"]]
    assert ["main/complaint/dented-tin"] == [one["key"] for one in told["complaints"]]
    assert told["events"]
    assert told["decisions"]
    assert told["received"]
    assert BOB not in json.dumps(told)


def test_law_11_no_table_that_holds_something_of_a_person_is_left_out(desk, tmp_path):
    """What is shown otherwise, or is nothing but the engine's own numbers, is named here."""
    elsewhere = {
        "objects": "accounts, orders, reviews, consents and subscriptions of shops are sections of their own",
        "identities": "a section of its own",
        "balances": "the sum of the lots",
        "units": "that a plugin has been told of an event",
        "tombstones": "of nobody who could ask",
    }
    theirs = {table.name for table in metadata.sorted_tables if "identity" in table.c} | elsewhere.keys()
    assert set() == theirs - exported(tmp_path, ANN).keys() - elsewhere.keys()


def test_law_11_what_stands_against_an_address_is_exported(desk, tmp_path):
    """Also if it was said before anybody was known under it: it is found by its hash (LAW-20)."""
    late = "late@customer.example"
    given = CliRunner().invoke(app, ["suppressions", "add", late, "--reason", "unsubscribe"])
    assert 0 == given.exit_code, given.output
    desk.tell(order("3", email=late, name="Late"))
    desk.run(DAY)
    assert ["unsubscribe"] == [one["reason"] for one in exported(tmp_path, late)["suppressions"]]
    assert [] == exported(tmp_path, BOB)["suppressions"]


def test_the_page_says_the_same_and_escapes_everything(desk, tmp_path):
    """It runs no script and loads nothing; only the operator may read the file."""
    exported(tmp_path, ANN)
    path = tmp_path / "out" / "export.html"
    page = path.read_text(encoding="utf-8")
    assert "Smells of May." in page
    assert SHARP not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"<script|https?://|<link|<img|url\(", page)
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(
    ("language", "title"), [("en", "What we hold about you"), ("ja", "お客様に関する保有データ")]
)
def test_the_page_is_in_the_persons_language(desk, tmp_path, language, title):
    """Each section and each field has words."""
    told = exported(tmp_path, ANN, "--lang", language)
    page = (tmp_path / "out" / "export.html").read_text(encoding="utf-8")
    assert f'<html lang="{language}">' in page
    assert f"<h1>{title}</h1>" in page
    assert (
        set()
        == {f"export.section.{name}" for name in told if name not in {"at", "brand"}}
        - catalogue(language).keys()
    )
    plain = {*names(told)} - {"at", "brand", *told, "what"}
    assert set() == {name for name in plain if f"export.field.{name}" not in catalogue(language)} - DETAILS


DETAILS = {"checks", "order", "word"}
"""Names inside what programs and decisions have written."""


def test_a_platforms_request_is_settled_with_the_export(desk, tmp_path):
    """It is never done without a person, who hands the files over."""
    desk.tell(PrivacyRequest(kind=PrivacyKind.EXPORT, id="9", customer="7", email=ANN))
    desk.run(DAY)
    with desk.aftercare.brand.database.read() as connection:
        (asked,) = privacy.still_open(connection)
    told = exported(tmp_path, "--request", asked.key[:12])
    assert ["1"] == [one["number"] for one in told["orders"]]
    with desk.aftercare.brand.database.read() as connection:
        assert ["exported"] == [one.note for one in privacy.settled(connection)]


def test_who_has_exported_is_noted(desk, tmp_path):
    """Without anything that names the person."""
    exported(tmp_path, ANN, "--actor", "K. Mori")
    (row,) = [one for one in desk.journal() if one.topic == "privacy.export"]
    assert b"K. Mori" in (row.body or b"")
    assert ANN.encode() not in (row.body or b"")


def test_whoever_was_erased_has_no_export(desk, tmp_path):
    """Nobody is known by the address any more, and an order of theirs tells numbers only."""
    assert 0 == CliRunner().invoke(app, ["privacy", "erase", ANN, "--yes"]).exit_code
    assert 2 == CliRunner().invoke(app, ["privacy", "export", ANN, "--out", str(tmp_path)]).exit_code
    told = exported(tmp_path, "main/order/1")
    assert "Ann" not in json.dumps(told)
    assert [] == told["accounts"]


def names(value):
    """Give the names of all fields."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield name
            if name not in {"data", "detail", "payload", "attributes"}:
                yield from names(one)
    elif isinstance(value, list):
        for one in value:
            yield from names(one)


def exported(folder, *arguments):
    """Export somebody, and return what the JSON says."""
    result = CliRunner().invoke(app, ["privacy", "export", *arguments, "--out", str(folder / "out")])
    assert 0 == result.exit_code, result.output
    return json.loads((folder / "out" / "export.json").read_text(encoding="utf-8"))


@pytest.fixture
def desk(migrated_database_url, tmp_path, monkeypatch):
    """A shop in which much is known of Ann; commands look at it, with its plugins and its clock."""
    with Bench(migrated_database_url, {"points": PointForPound(), "talks": TALKS}) as shop:
        look_with_commands(shop, tmp_path, monkeypatch)
        sharp = Contact(email=ANN, given_name="Ann", family_name=SHARP, street="715 Camellia Lane")
        shop.tell(replace(customer("7", attributes={"pet": "dog"}), contact=sharp))
        shop.tell(order("1", email=ANN, customer="7", delivered={"p": START}), review("715", email=ANN))
        shop.tell(order("2", email=BOB, name="Bob"))
        shop.process()
        consent(shop, ANN)
        shop.aftercare.tell_complaint("main", "dented-tin", order="1")
        shop.aftercare.tell_complaint("main", "late", order="2")
        shop.run(DAY)
        yield shop
