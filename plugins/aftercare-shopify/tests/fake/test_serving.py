from __future__ import annotations

import subprocess
import sys
import threading

import pytest
import requests
import responses

from aftercare_shopify.fake import TOKEN, Api, FakeShopify, answer_in, serve

SHOP = {"query": "{ shop { myshopifyDomain } }"}
HEADERS = {"X-Shopify-Access-Token": TOKEN}


class TestInOneProcess:
    def test_responses(self, api):
        """A mock of `responses` answers at the shop's own address, for tokens, too."""
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            answer_in(mock, api)
            url = "https://torii.myshopify.com/admin/api/2026-07/graphql.json"
            answer = requests.post(url, json=SHOP, headers=HEADERS, timeout=5)
            assert "torii.myshopify.com" == answer.json()["data"]["shop"]["myshopifyDomain"]
            assert "2026-07" == answer.headers["X-Shopify-API-Version"]
            token = requests.post("https://torii.myshopify.com/admin/oauth/access_token", json={}, timeout=5)
            assert 401 == token.status_code

    def test_breakdowns(self, api, post):
        """A test lets requests fail: some, after some, with a page or with JSON."""
        api.fail(times=2, status=503, headers={"Retry-After": "7"}, after=1)
        api.fail(status=402, body={"errors": "Unavailable Shop"})
        replies = [post(SHOP["query"]) for _ in range(5)]
        assert [200, 503, 503, 402, 200] == [each.status for each in replies]
        assert ("7", b"<html>Sorry</html>") == (replies[1].headers["Retry-After"], replies[1].body)
        assert b'{"errors": "Unavailable Shop"}' == replies[3].body

    def test_before(self, shop, api, told):
        """A test changes the shop between the pages that somebody reads."""
        api.before = lambda asked: shop.order({shop.tea: 1}) if asked.operation == "Pages" else None
        query = "query Pages { orders(first: 9) { nodes { id } } }"
        assert [1, 2] == [len(told(query)["orders"]["nodes"]) for _ in range(2)]
        assert ["Pages", "Pages"] == [each.operation for each in api.asked]


class TestOverHttp:
    def test_over_http(self, api):
        """The shop is served on this computer, at an address that is its own meanwhile."""
        with serve(api) as url:
            assert url == api.shop.url
            answer = requests.post(
                f"{url}/admin/api/2026-07/graphql.json", json=SHOP, headers=HEADERS, timeout=5
            )
            assert "torii.myshopify.com" == answer.json()["data"]["shop"]["myshopifyDomain"]
            assert 404 == requests.get(f"{url}/admin", timeout=5).status_code
        assert "https://torii.myshopify.com" == api.shop.url

    def test_many_at_once(self, shop, api):
        """Threads are answered one after the other, and nothing gets lost."""
        shop.bucket.set(limit=100_000, rate=1)
        mutation = (
            'mutation { tagsAdd(id: "gid://shopify/Customer/%d", tags: ["%d"]) { userErrors { message } } }'
        )
        with serve(api) as url:
            place = f"{url}/admin/api/2026-07/graphql.json"
            threads = [
                threading.Thread(
                    target=lambda number=number: requests.post(
                        place, json={"query": mutation % (shop.hana, number)}, headers=HEADERS, timeout=30
                    )
                )
                for number in range(20)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert sorted(map(str, range(20))) == sorted(shop.customers[shop.hana].tags)

    def test_webhooks_over_http(self, api):
        """Without a way of its own, a shop delivers over HTTP; nobody there is a failure."""
        shop = FakeShopify(allow_loopback=True)
        with serve(api) as url:
            shop.configure(f"{url}/nowhere", ("products/create",))
            shop.add_product("茶", "1")
            shop.deliver()
        assert [1] == [each.failures for each in shop.subscriptions.values()]
        shop.wait(hours=1)
        shop.deliver()
        assert [2] == [each.failures for each in shop.subscriptions.values()]


class TestExtra:
    @pytest.mark.parametrize(("module", "use"), [("graphql", "Api(FakeShopify())")])
    def test_without_the_extra(self, module, use):
        """Without the libraries of the extra the package can be imported, and says what to install."""
        code = (
            f"import sys; sys.modules[{module!r}] = None\n"
            "from aftercare_shopify.fake import Api, FakeShopify\n"
            f"try: {use}\n"
            "except ImportError as error: print(error)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert (
            "aftercare-shopify: the fake Shopify needs graphql-core: pip install 'aftercare-shopify[fake]'"
            == done.stdout.strip()
        )

    def test_light(self):
        """Importing the fake loads neither the schema nor the libraries that it needs to answer."""
        code = (
            "import sys, aftercare_shopify.fake; print([name for name in ('graphql', 'responses')"
            " if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert "[]" == done.stdout.strip()

    def test_public_names(self):
        """What others may rely on."""
        import aftercare_shopify.fake as public

        assert [
            *("CLIENT_ID", "SECRET", "TOKEN", "Address", "Api", "Asked", "Delivery", "FakeShopify"),
            *("MissingExtra", "Refusal", "Reply", "answer_in", "serve"),
        ] == public.__all__
        assert all(hasattr(public, name) for name in public.__all__)
        assert Api is public.Api
