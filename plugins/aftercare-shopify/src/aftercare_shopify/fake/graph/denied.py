"""What an app may not ask: by its scopes, and by its approval to see personal data."""

from __future__ import annotations

from graphql import GraphQLError

from aftercare_shopify.fake.access import Access
from aftercare_shopify.fake.graph.schema import scopes

_NAMES = ("firstName", "lastName", "displayName")
_ADDRESS = ("address1", "address2", "city", "zip", "latitude", "longitude", "formatted", "company")
_PERSONAL = {
    **{("Customer", name): "name" for name in _NAMES},
    **{("MailingAddress", name): "name" for name in ("firstName", "lastName", "name")},
    **{("MailingAddress", name): "address" for name in _ADDRESS},
    ("MailingAddress", "phone"): "phone",
    ("Customer", "email"): "email",
    ("Customer", "phone"): "phone",
    ("Customer", "defaultEmailAddress"): "email",
    ("Customer", "defaultPhoneNumber"): "phone",
    ("Order", "email"): "email",
    ("Order", "phone"): "phone",
    ("Order", "statusPageUrl"): "email",
}
"""Which field tells which kind of personal data."""


def check(access: Access, owner: str, name: str, kind: str) -> None:
    """Raise GraphQLError if the app may not see a field, which then is null, or makes null what it is in.

    `kind` is the type of what the field gives.
    """
    of = kind.removesuffix("Connection")
    for key in ((owner, name), (of, "")):
        needed, said = scopes().get(key, (frozenset(), ""))
        if not access.may(needed):
            raise GraphQLError(
                f"Access denied for {name} field. Required access: {said}",
                extensions={
                    "code": "ACCESS_DENIED",
                    "documentation": "https://shopify.dev/api/usage/access-scopes",
                    "requiredAccess": said,
                },
            )
    if access.approved is None and of == "Customer" and not owner.startswith("Mutation"):
        raise _unapproved(access)
    personal = _PERSONAL.get((owner, name))
    if personal is not None and not access.sees(personal):
        raise _unapproved(access)


def _unapproved(access: Access) -> GraphQLError:
    return GraphQLError(
        "This app is not approved to access the Customer object. See"
        f" https://partners.shopify.com/123/apps/{access.client_id}/customer_data for more details."
    )
