"""What a collection is asked, what it answers, and what the answers of several have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aftercare_woocommerce.fake.refusals import bad_parameter, no_such
from aftercare_woocommerce.fake.rest import params
from aftercare_woocommerce.fake.state.things import Thing

Answer = tuple[int, Any]
"""The status, and what is told: JSON, or a `lists.Page`."""
Routes = Mapping[tuple[str, str], Callable[..., Answer]]
"""What answers, by the method and the path with `#` for ids; it is given the call and the ids."""
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has been let in: the parameters of its query, and its JSON."""

    told: dict[str, str] = field(repr=False)
    data: dict[str, Any] = field(repr=False)

    @property
    def forced(self) -> bool:
        """Whether something is to be deleted for good."""
        return params.flag({**self.told, **self.data}, "force")

    @property
    def meta(self) -> dict[str, Any]:
        """The `meta_data` that are sent, by their keys."""
        return {each["key"]: each.get("value") for each in self.data.get("meta_data", [])}


def changeable(things: Mapping[int, Thing], number: int, collection: str) -> Thing:
    """Return what is to be changed. Raises Refusal, with another status than for reading, without it."""
    if number not in things:
        raise no_such(collection, status=400)
    return things[number]


def is_email(text: str) -> bool:
    """Tell whether WooCommerce takes something for an e-mail address."""
    return _EMAIL.fullmatch(text) is not None


def check_email(name: str, email: str) -> None:
    """Raise Refusal for a parameter that is no e-mail address; an empty one is none, and may be."""
    if email and not is_email(email):
        raise bad_parameter(name, "rest_invalid_email", "Invalid email address.")
