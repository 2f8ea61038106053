from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from aftercare_shopify.fake import search

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)
FIELDS = {
    "id": search.Field("number", lambda each: each.id),
    "updated_at": search.Field("time", lambda each: each.updated),
    "status": search.Field("text", lambda each: each.status),
    "tag": search.Field("words", lambda each: each.tags),
    "email": search.Field("email", lambda each: each.email),
    "test": search.Field("flag", lambda each: each.test),
}
THING = SimpleNamespace(
    id=7,
    updated=datetime(2026, 8, 3, 9, 30, tzinfo=UTC),
    status="ACTIVE",
    tags=["VIP", "tea lover"],
    email="hana@example.jp",
    test=False,
    name="花 山田",
)


def found(query):
    """Whether a search finds the thing."""
    return search.read(query, FIELDS, NOW, lambda each: [each.name, each.email]).match(THING)


class TestSearch:
    @pytest.mark.parametrize(
        "query",
        [
            *("", "   ", "id:7", "id:>=7", "id:<8", "id:gid://shopify/Order/7"),
            *("updated_at:>='2026-08-03T09:30:00Z'", "updated_at:>2026-08-03T09:29:59Z", "updated_at:<now"),
            *('updated_at:<="2026-08-03"', "updated_at:2026-08-03", "updated_at:>=2026-08-03"),
            *("updated_at: >= '2026-08-03T18:30:00+09:00'", "updated_at:'2026-08-03T09:30:00Z'"),
            *("updated_at:>'2026-08-02' updated_at:<'2026-08-04'", "updated_at:>2025"),
            *("status:active", "status:draft,active", "tag:vip", "tag:'tea lover'", "tag:*", "test:false"),
            *(
                "email:example.jp",
                "email:hana",
                'email:"hana@example.jp"',
                "email:HANA@example.jp",
                "email:*",
            ),
            *(
                "status:draft OR tag:vip",
                "(status:draft OR id:7) AND tag:vip",
                "NOT status:draft",
                "-tag:new",
            ),
            *("山田", "hana", "-taro", "status:act*"),
        ],
    )
    def test_matches(self, query):
        """What Shopify's search syntax finds."""
        assert found(query)

    @pytest.mark.parametrize(
        "query",
        [
            *("id:8", "id:>7", "id:<7", "id:x", "updated_at:>'2026-08-03T09:30:00Z'", "updated_at:>now"),
            *("updated_at:>2026-08-03", "updated_at:<2026-08-03", "updated_at:'2026-08-03T09:30:01Z'"),
            *(
                "updated_at:yesterday",
                "status:draft",
                "tag:vi",
                "test:true",
                'email:"example.jp"',
                "email:jp",
            ),
            *("status:active AND id:8", "NOT tag:vip", "-status:active", "taro", "-hana", "id:7 taro"),
            "status:draft OR (id:7 NOT tag:vip)",
        ],
    )
    def test_does_not_match(self, query):
        """What it does not find."""
        assert not found(query)

    def test_unknown_fields_are_ignored(self):
        """A field that there is not restricts nothing, and is reported."""
        read = search.read("nonsense:1 id:7", FIELDS, NOW)
        assert (True, ["nonsense"]) == (read.match(THING), read.unknown)
