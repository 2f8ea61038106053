from __future__ import annotations

import gzip
import os

import pytest

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.shops.files import FORMATS, Options, OrderFile
from tests.unit.shops.files.conftest import EXPORTED, LATEST

TEXT = "order_id,placed_at,product,quantity,line_paid,A,B\n1,2024-01-01,Tea,1,10.00,x,y\n"


def test_a_file_is_known_by_its_content_the_shop_and_how_it_is_read(read):
    """Not by its name, nor by whether it is packed."""
    known = read(TEXT).file.id
    assert known == read(TEXT, "other.csv").file.id
    assert known == read(gzip.compress(TEXT.encode()), "orders.csv.gz").file.id
    others = [
        read(TEXT.replace("Tea", "Cup")),
        read(TEXT, shop="other"),
        read(TEXT, zone="Asia/Tokyo"),
        read(TEXT, currency="JPY"),
        read(TEXT, columns={"customer": "A"}),
        read(TEXT, columns={"customer": "B"}),
        read(TEXT, statuses={"gone": "paid"}),
        read(TEXT, thousands=","),
        read(TEXT, date_format="%Y-%m-%d"),
    ]
    assert len({known, *(one.file.id for one in others)}) == len(others) + 1


def test_a_known_format_may_be_read_as_ones_own(read, fixtures):
    """Whoever maps columns knows better."""
    told = read(
        fixtures / "shopify.csv",
        columns={
            "order_id": "Name",
            "placed_at": "Created at",
            "product": "Lineitem name",
            "quantity": "Lineitem quantity",
            "line_paid": "Lineitem price",
        },
    )
    assert "canonical" == told.file.format


def test_a_format_can_be_named(read, fixtures):
    """Each by the name that is documented."""
    assert ("canonical", "shopify", "woocommerce", "woocommerce-analytics", "online-retail") == FORMATS
    with pytest.raises(ConfigurationError, match="--format excel: use one of canonical, shopify"):
        read(TEXT, format="excel")
    with pytest.raises(ConfigurationError, match="looks like shopify, but has no column Name"):
        read(TEXT, format="shopify")
    with pytest.raises(ConfigurationError, match="the columns of shopify are known"):
        read(fixtures / "shopify.csv", format="shopify", columns={"order_id": "Name"})


def test_a_file_that_is_changed_while_it_is_read_is_said(tmp_path):
    """Its second half is not that of the first."""
    path = tmp_path / "orders.csv"
    path.write_text(TEXT, encoding="utf-8")
    options = Options(shop="main", zone="UTC", currency="GBP", latest=LATEST, exported_at=EXPORTED)
    file = OrderFile(path, options)
    os.utime(path, (1, 1))
    with pytest.raises(ConfigurationError, match="was changed while it was read; run the command again"):
        list(file.read(latest=LATEST, exported_at=EXPORTED))


def test_nothing_personal_is_in_a_repr(read):
    """Whatever is logged by mistake shows no values."""
    text = (
        "order_id,placed_at,product,quantity,line_paid,customer\n"
        "1,2024-01-01,Tea,1,10.00,ann@customer.example\n"
        "2,2024-01-01,Tea,one,10.00,ann@customer.example\n"
    )
    told = read(text)
    assert 1 == len(told.rejects)
    assert "ann@" not in repr(told.groups)
