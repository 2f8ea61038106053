from __future__ import annotations

from datetime import timedelta

import pytest

from aftercare_sdk.engine.looking import look
from aftercare_sdk.model.people import Contact
from tests.support.shop import START, Bench, always, note, order, program


@pytest.mark.parametrize(
    ("country", "living_in", "region", "expected"),
    [
        ("GB", "GB", "London", "Europe/London"),
        ("US", "US", "CA", "America/Los_Angeles"),
        ("US", "us", "Florida", "America/New_York"),
        ("US", "", "FL", "America/New_York"),
        ("US", "US", "", "UTC"),
        # A gift: it goes to the US, and the region is one of Australia.
        ("US", "AU", "WA", "UTC"),
    ],
)
def test_times_are_told_in_the_zone_of_the_persons_state(
    migrated_database_url, country, living_in, region, expected
):
    """The country of the order counts, and the region only if the address is there."""
    contact = Contact(email="ann@customer.example", country=living_in, region=region)
    with Bench(
        migrated_database_url, {"thanks": program(on_purchase=always(note(delay=timedelta(days=1))))}
    ) as bench:
        bench.tell(order(country=country, contact=contact), at=START)
        bench.process()
        message = bench.message()
        with bench.aftercare.brand.database.read() as connection:
            assert expected == look(bench.aftercare.brand, connection, [message])[message.key].zone.key
