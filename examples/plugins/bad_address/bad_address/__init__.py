"""Show at the shop which customers cannot be written to, until a message arrives again."""

from __future__ import annotations

from collections.abc import Iterable

from marshmallow import Schema, fields, validate

from aftercare_sdk import AftercareHooks, Context, hookimpl
from aftercare_sdk.actions import Action, TagCustomer
from aftercare_sdk.events import MessageOutcome, OutcomeKind

__all__ = ["BadAddress", "plugin"]

BAD = "does not work"


class Settings(Schema):
    """The section `[plugins.bad-address]`."""

    shops = fields.List(fields.String(), load_default=list)
    show_as = fields.String(load_default="email-address", validate=validate.Length(min=1, max=50))


class BadAddress(AftercareHooks):
    """Tells customers of the configured shops apart by whether mail reaches them."""

    config_schema = Settings

    @hookimpl
    def on_message_outcome(self, event: MessageOutcome, ctx: Context) -> Iterable[Action] | None:
        """Show that an address is dead; take that away when a message is delivered."""
        if event.shop not in ctx.config["shops"]:
            return None
        # What came back because of a full mailbox or a policy says nothing of the address.
        if event.permanent:
            return [TagCustomer(reason="mail came back for good", name=ctx.config["show_as"], value=BAD)]
        if event.outcome is OutcomeKind.DELIVERED:
            return [TagCustomer(reason="mail arrives", name=ctx.config["show_as"], value=None)]
        return None


plugin = BadAddress()
