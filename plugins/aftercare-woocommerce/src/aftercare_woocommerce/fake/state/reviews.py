"""How reviews of products are told."""

from __future__ import annotations

import re
from typing import Any

from aftercare_woocommerce.fake.state.people import avatar
from aftercare_woocommerce.fake.state.site import Site, links, moments
from aftercare_woocommerce.fake.state.things import Thing

_AMPERSAND = re.compile(r"&(?!#?\w+;)")
_LESS = re.compile(r"<(?![A-Za-z/])")


def kept(text: str) -> str:
    """Return a text as WordPress keeps it: what could be taken for HTML, and is none, becomes entities."""
    return _LESS.sub("&lt;", _AMPERSAND.sub("&amp;", text)).strip()


def review_told(thing: Thing, site: Site, *, raw: bool = False) -> dict[str, Any]:
    """Return a review; of its dates there is only that of writing. `raw`: the text as it is kept."""
    fields = {name: value for name, value in thing.fields.items() if name != "account"}
    account = thing.fields["account"]
    return {
        "id": thing.id,
        **moments(site, "created", thing.created),
        **fields,
        "review": fields["review"] if raw else _in_paragraphs(fields["review"]),
        "reviewer_avatar_urls": {
            size: avatar(thing.fields["reviewer_email"], size) for size in ("24", "48", "96")
        },
        "_links": {
            **links(site, "products/reviews", thing.id),
            "up": [{"href": f"{site.api}/products/{thing.fields['product_id']}"}],
            **(_of_account(site, account) if account else {}),
        },
    }


def _in_paragraphs(text: str) -> str:
    parts = [part.replace("\n", "<br />\n") for part in re.split(r"\n\s*\n", text) if part]
    return "".join(f"<p>{part}</p>\n" for part in parts)


def _of_account(site: Site, account: int) -> dict[str, Any]:
    return {"reviewer": [{"embeddable": True, "href": f"{site.url}/wp-json/wp/v2/users/{account}"}]}
