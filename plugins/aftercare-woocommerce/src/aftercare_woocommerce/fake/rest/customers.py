"""What the API answers about accounts."""

from __future__ import annotations

from aftercare_woocommerce.fake.refusals import missing, no_trash
from aftercare_woocommerce.fake.rest import params
from aftercare_woocommerce.fake.rest.calls import Answer, Call, Routes, changeable, check_email
from aftercare_woocommerce.fake.rest.collection import Collection
from aftercare_woocommerce.fake.rest.lists import page
from aftercare_woocommerce.fake.state.customers import customer_told

_ROLES = ("all", "administrator", "editor", "author", "contributor", "subscriber", "customer", "shop_manager")
_PERSON = ("email", "first_name", "last_name")


class Customers(Collection):
    """Answers about accounts."""

    def _routes(self) -> Routes:
        return {
            **super()._routes(),
            ("GET", "customers"): self._customers,
            ("POST", "customers"): self._new_customer,
            ("GET", "customers/#"): self._customer,
            ("PUT", "customers/#"): self._set_customer,
            ("DELETE", "customers/#"): self._delete_customer,
        }

    def _customers(self, call: Call) -> Answer:
        told, shop = call.told, self.shop
        role = params.one_of({"role": "customer", **told}, "role", _ROLES)
        found = [
            each
            for each in shop.customers.values()
            if role in ("all", each.fields["role"])
            and told.get("email", "").casefold() in ("", each.fields["email"].casefold())
        ]
        # There is no modified_after: it is not known and does nothing.
        known = {name: value for name, value in told.items() if not name.startswith("modified")}
        return 200, page(
            known,
            shop.site.zone,
            found,
            lambda each: customer_told(each, shop.site),
            orders=("name", "id", "include", "registered_date"),
            by_name=True,
        )

    def _customer(self, call: Call, number: int) -> Answer:
        return 200, self.shop.show("customers", number)

    def _new_customer(self, call: Call) -> Answer:
        data = call.data
        if "email" not in data:
            raise missing("email")
        check_email("email", data["email"])
        billing = {name: value for name, value in data.get("billing", {}).items() if name not in _PERSON}
        number = self.shop.customer(
            data["email"],
            first_name=data.get("first_name", ""),
            last_name=data.get("last_name", ""),
            meta=call.meta,
            **billing,
        )
        return 201, self.shop.show("customers", number)

    def _set_customer(self, call: Call, number: int) -> Answer:
        thing = changeable(self.shop.customers, number, "customers")
        self._write_meta(thing.meta, call.data)
        names = (*_PERSON, "billing", "shipping")
        self.shop.edit_customer(number, **{name: call.data[name] for name in names if name in call.data})
        return 200, self.shop.show("customers", number)

    def _delete_customer(self, call: Call, number: int) -> Answer:
        if not call.forced:
            raise no_trash("Customers")
        shown = self.shop.show("customers", number)
        self.shop.delete_customer(number)
        return 200, shown
