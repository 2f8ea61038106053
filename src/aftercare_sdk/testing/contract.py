"""The tests that hold for every adapter."""

from __future__ import annotations

from aftercare_sdk.testing.bodies import Bodies
from aftercare_sdk.testing.commands import Commands
from aftercare_sdk.testing.histories import Histories
from aftercare_sdk.testing.privacy import Privacy
from aftercare_sdk.testing.signatures import Signatures
from aftercare_sdk.testing.troubles import Troubles
from aftercare_sdk.testing.values import Values


class AdapterContract(Signatures, Bodies, Histories, Troubles, Commands, Values, Privacy):
    """What every adapter keeps, as tests. Subclass it in a test module, with your adapter and its samples.

    ```python
    import hashlib
    import hmac
    from dataclasses import replace
    from pathlib import Path

    from aftercare_sdk.model.shops import RawRequest, SampleOrder, Shop, ShopAdapter
    from aftercare_sdk.testing import AdapterContract, Asked, Reply


    def recorded(name: str) -> RawRequest:
        return RawRequest({"X-Torii-Topic": "order"}, Path(f"tests/recordings/{name}.json").read_bytes())


    class TestTorii(AdapterContract):
        shop = Shop(name="main", currency="JPY", secrets=("s3cret",), options={"url": "https://torii.example"})
        next_secret = "the one that follows"
        hosts = ("torii.example",)
        unknown_topic = RawRequest({"X-Torii-Topic": "parade"}, b'{"id": 1}')

        @property
        def samples(self):
            return {name: recorded(name) for name in ("paid", "shipped", "refunded")}

        def adapter(self, shop: Shop) -> ShopAdapter:
            from aftercare_torii import ToriiAdapter

            return ToriiAdapter(shop)

        def sign(self, request: RawRequest, secret: str) -> RawRequest:
            signature = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
            return replace(request, headers={**request.headers, "X-Torii-Signature": signature})

        def purchase(self, order: SampleOrder) -> RawRequest:
            from aftercare_torii import SAMPLES

            return SAMPLES["purchase"](self.shop, order)  # the same as for `aftercare trigger`

        def answer(self, asked: Asked) -> Reply:
            return 200, {}, Path("tests/recordings/rest/orders.json").read_bytes()
    ```

    To give:

    - `shop`, with the secret that signs first in `secrets`; `next_secret`: another one, not of this shop.
    - `adapter(shop)`: makes the adapter. Let it wait and retry through `time.sleep`, or give it a sleep that
      does not.
    - `samples`: recorded webhooks, by name, as they came in. `received_at` is needed if the signature covers
      a time. One without a signature is signed by `sign` first.
    - `sign(request, secret)`: the same request as the platform would send it at `request.received_at`.
    - `purchase(order)`: the signed webhook that tells of a new, paid order.
    - `unknown_topic`: a request of a kind that does not exist; `sign` signs it.

    To give where it applies:

    - `ping`: the platform's own, as it came in.
    - `facts`: what each sample alone leads to, as in `{"paid": ["order/7/purchase"]}`.
    - `answer(asked)` and `hosts`: the platform as it is after all of the samples, with a listing of at least
      two pages. Without it, tests of reading are skipped and say so. It is asked through the library
      `requests`; for another one, return from `platform` a `Platform` with a `carry` of your own. Commands
      are carried out there as well: if they change what it answers, begin each test with a fresh one.
    - `secret_options`: names of the options that are secrets, such as `api_key`.
    - `own_keys`: names of JSON objects whose keys are the merchant's own, so that no key is unknown there.
    - `unannounced`: objects that have changed on the platform without any webhook, such as a refund that was
      deleted in its database; they differ once they are read.
    - `error_bodies`: what your platform sends in place of an object. `currencies`: those it can have.
    """
