"""Make the request that tells a fact, and send it to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aftercare_sdk.errors import AftercareError, Bug, ConfigurationError, TransientError

if TYPE_CHECKING:
    from aftercare_sdk.engine.brand import Brand, ConnectedShop
    from aftercare_sdk.model.shops import RawRequest, SampleOrder

PATIENCE = 20.0
"""Seconds that the server gets to answer."""
_ACCEPTED = 202
_UNSIGNED = 401
_NOT_FOUND = 404
_NOT_STORED = 503


def build(brand: Brand, connected: ConnectedShop, kind: str, order: SampleOrder) -> RawRequest:
    """Have the adapter make the request. What breaks in it is the plugin's mistake, and is called so."""
    from aftercare_sdk.model.shops import RawRequest

    sample = brand.plugins.parts.adapters[connected.kind].samples[kind]
    if isinstance(sample, str):
        raise ConfigurationError(sample)
    try:
        request = sample(connected.shop, order)
    except AftercareError:
        raise
    except Exception as error:
        raise _mistake(brand, connected, kind, f"raised {type(error).__name__}") from error
    if not isinstance(request, RawRequest):
        raise _mistake(brand, connected, kind, f"returned {type(request).__name__}, which is no RawRequest")
    return request


def _mistake(brand: Brand, connected: ConnectedShop, kind: str, what: str) -> Bug:
    plugin = brand.plugins.parts.given_by["adapter", connected.kind]
    origin = next(
        (f" ({one.distribution} {one.version})" for one in brand.plugins.active if one.name == plugin), ""
    )
    return Bug(f"the sample {kind!r} of plugin {plugin!r}{origin} {what}")


def post(target: str, shop: str, request: RawRequest) -> tuple[int, str]:
    """Send one request; return status and outcome of one that was accepted. Raises for every other answer."""
    import requests

    with requests.Session() as session:
        session.trust_env = False  # a proxy has no part in it
        try:
            response = session.post(
                f"{target}/webhooks/{shop}",
                data=request.body,
                headers=dict(request.headers),
                timeout=PATIENCE,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise TransientError(
                f"no server answers at {target} ({type(error).__name__}); start it in another terminal with "
                "`aftercare serve --dev`, or name its address with --url"
            ) from None
    outcome = _outcome(response)
    if response.status_code == _ACCEPTED and outcome:
        return _ACCEPTED, outcome
    if response.status_code == _UNSIGNED:
        raise ConfigurationError(
            f"{target} refused the signature (401): the server runs with another secret for shop {shop!r} "
            "than the first one of this configuration, or its clock is more than five minutes from this one. "
            "Set the same environment variables here and there, and start the server anew"
        )
    if response.status_code == _NOT_FOUND and outcome:
        raise ConfigurationError(
            f"the server at {target} has no shop {shop!r} (404): it runs with another configuration than "
            "this one; start it anew with the same --config"
        )
    if response.status_code == _NOT_STORED:
        raise TransientError(f"the server at {target} could not store the webhook (503); its log says why")
    raise ConfigurationError(
        f"{target}/webhooks/{shop} answered {response.status_code}"
        f"{f' ({outcome})' if outcome else ', and not as an aftercare server does'}; "
        "look whether --url, or [server] in aftercare.toml, names the server of `aftercare serve`"
    )


def _outcome(response: Any) -> str:
    try:
        told = response.json()
    except ValueError:
        return ""
    outcome = told.get("outcome") if isinstance(told, dict) else None
    return outcome if isinstance(outcome, str) else ""
