"""What platforms send without warning: tests of `translate`."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import pytest

from aftercare_sdk.errors import TranslationError
from aftercare_sdk.model.privacy import PrivacyRequest
from aftercare_sdk.model.shops import Ignored, Ping, Snapshot, Translation
from aftercare_sdk.testing.given import Given, failed

_UNKNOWN = "zz_unknown_to_this_release"


class Bodies(Given):
    """What is new or wrong in a body stops nothing and invents nothing."""

    def test_every_sample_is_understood(self) -> None:
        """If it fails, webhooks that the platform really sends are parked, each for a person to look at."""
        for name, told in self._told.items():
            if not told:
                failed(f"sample {name!r} tells nothing, not even `Ignored` with a reason")
            for one in told:
                if not isinstance(one, Translation):
                    failed(f"sample {name!r} becomes a {type(one).__name__}, which is no translation")

    def test_an_unknown_topic_is_ignored(self) -> None:
        """If it fails, a kind of webhook that the platform adds next year is parked with every delivery."""
        request = self._signed_at(self.unknown_topic, self.unknown_topic.received_at or self._later)
        adapter = self._new_adapter()
        try:
            webhook = adapter.verify(request)
            told = () if isinstance(webhook, Ping) else tuple(adapter.translate(webhook))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            failed(f"the unknown topic raised {type(error).__name__}: return Ignored(reason)")
        if not told or not all(isinstance(one, Ignored) and one.reason for one in told):
            kinds = ", ".join(type(one).__name__ for one in told) or "nothing"
            failed(f"the unknown topic became {kinds}: return Ignored(reason)")

    def test_an_unknown_nested_field_changes_nothing(self) -> None:
        """If it fails, every order is parked on the day on which the platform adds a field."""
        adapter = self._new_adapter()
        tried = 0
        for name, webhook in self._webhooks.items():
            try:
                body = json.loads(webhook.body)
            except ValueError:
                continue
            tried += 1
            grown = json.dumps(with_unknown(body, self.own_keys)).encode()
            try:
                told = tuple(adapter.translate(replace(webhook, body=grown)))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                failed(f"sample {name!r} with an unknown field in every object raised {type(error).__name__}")
            if _essence(told) != _essence(self._told[name]):
                failed(f"sample {name!r} with an unknown field in every object tells something else")
        if not tried:
            pytest.skip("no sample is JSON, so that no field can be added")

    def test_an_error_body_is_no_object(self) -> None:
        """If it fails, an error page that the platform signs and sends becomes an order, or a crash."""
        adapter = self._new_adapter()
        for topic, name in {webhook.topic: name for name, webhook in self._webhooks.items()}.items():
            for body in self.error_bodies:
                what = f"the body {body[:40]!r} under the topic {topic!r}"
                request = self._signed_at(replace(self._signed_samples[name], body=body), self._later)
                try:
                    webhook = adapter.verify(request)
                    told = () if isinstance(webhook, Ping) else tuple(adapter.translate(webhook))
                except TranslationError:
                    continue
                except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                    failed(f"{what} raised {type(error).__name__}: raise TranslationError, or return Ignored")
                for one in told:
                    if isinstance(one, Snapshot):
                        failed(f"{what} became {type(one).__name__} {one.id!r}")


def with_unknown(value: Any, own_keys: Collection[str]) -> Any:
    """Return JSON with an unknown field in every object but those whose keys are the merchant's own."""
    if isinstance(value, dict):
        grown = {
            key: below if key in own_keys else with_unknown(below, own_keys) for key, below in value.items()
        }
        return {**grown, _UNKNOWN: {"nested": [{"deeper": None}, 1.5, "text"]}}
    if isinstance(value, list):
        return [with_unknown(below, own_keys) for below in value]
    return value


def _essence(told: Sequence[Translation]) -> list[object]:
    """Return what was told, without digests, which may cover the whole payload, and without reasons."""
    return [
        replace(one, version=replace(one.version, digest=""))
        if isinstance(one, Snapshot)
        else one
        if isinstance(one, PrivacyRequest)
        else replace(one, reason="")
        for one in told
    ]
