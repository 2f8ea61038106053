"""How reviews of products are told."""

from __future__ import annotations

from typing import Any

from aftercare_woocommerce.fake.state.people import avatar
from aftercare_woocommerce.fake.state.site import Site, links, moments
from aftercare_woocommerce.fake.state.things import Thing


def review_told(thing: Thing, site: Site) -> dict[str, Any]:
    """Return a review; of its dates there is only that of writing."""
    return {
        "id": thing.id,
        **moments(site, "created", thing.created),
        **thing.fields,
        "reviewer_avatar_urls": {
            size: avatar(thing.fields["reviewer_email"], size) for size in ("24", "48", "96")
        },
        "_links": {
            **links(site, "products/reviews", thing.id),
            "up": [{"href": f"{site.api}/products/{thing.fields['product_id']}"}],
        },
    }
