"""Show at the shop who has refused offers by mail, until they agree again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from marshmallow import Schema, fields, validate

from aftercare_sdk import AftercareHooks, Context, hookimpl
from aftercare_sdk.actions import Action, Purpose, Remember, TagCustomer
from aftercare_sdk.events import Basis, ConsentChanged

__all__ = ["DoNotMail", "plugin"]

REFUSED = "refused"
LAST_WORD = "last-word"


class Settings(Schema):
    """The section `[plugins.do-not-mail]`."""

    shops = fields.List(fields.String(), load_default=list)
    show_as = fields.String(load_default="offers", validate=validate.Length(min=1, max=50))


class DoNotMail(AftercareHooks):
    """Tells customers of the configured shops apart by whether they have refused offers by mail."""

    config_schema = Settings

    @hookimpl
    def on_consent_changed(self, event: ConsentChanged, ctx: Context) -> Iterable[Action] | None:
        """Show a refusal; take it away when the person expressly agrees (LAW-14)."""
        if event.shop not in ctx.config["shops"]:
            return None
        if event.channel not in {"email", "*"} or event.purpose not in {None, Purpose.MARKETING}:
            return None
        refused = event.basis is None
        if not refused and not (event.by_person and event.basis is Basis.EXPRESS):
            return None
        # What was said before may become known after it.
        last = ctx.memory.get(LAST_WORD)
        if last is not None and event.occurred_at < datetime.fromisoformat(last):
            return None
        why = "offers by mail were refused" if refused else "the customer has agreed"
        value = REFUSED if refused else None
        return [
            TagCustomer(reason=why, name=ctx.config["show_as"], value=value),
            Remember(reason=why, key=LAST_WORD, value=event.occurred_at.isoformat()),
        ]


plugin = DoNotMail()
