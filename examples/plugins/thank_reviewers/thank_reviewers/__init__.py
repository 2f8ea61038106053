"""Thank a customer for a review, whatever its stars say.

Everybody who bought and wrote gets the same words. The plugin never looks at the stars or at the text, so
that nobody can be thanked for praise, or left out for a complaint (LAW-06, LAW-19).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from importlib.resources import files

from marshmallow import Schema, fields, validate

from aftercare_sdk import AftercareHooks, Context, hookimpl
from aftercare_sdk.actions import Action, NotSentWithin, Purpose, SendMessage
from aftercare_sdk.events import ReviewReceived
from aftercare_sdk.model.messages import Template

__all__ = ["ThankReviewers", "plugin"]

MESSAGE = "thank-reviewer"
"""The name of the template, and the label of the messages."""
PAUSE = timedelta(hours=1)
"""Who writes one review often writes another; and thanks within the second read like a machine's."""


class Settings(Schema):
    """The section `[plugins.thank-reviewers]`."""

    shops = fields.List(fields.String(), load_default=list)
    again_after_days = fields.Integer(strict=True, load_default=30, validate=validate.Range(min=1, max=365))


class ThankReviewers(AftercareHooks):
    """Thanks those who review products of the configured shops."""

    config_schema = Settings

    @hookimpl
    def register_templates(self) -> Iterable[Template]:
        """Offer the message in Japanese and English; a shop may replace the words by its own."""
        return [_template(locale) for locale in ("ja", "en")]

    @hookimpl
    def on_review(self, event: ReviewReceived, ctx: Context) -> Iterable[Action] | None:
        """Thank the writer, unless nobody of that address has ever bought anything."""
        # Anybody can type anybody's address into a form. Who has bought is a customer, and may be written to.
        if event.shop not in ctx.config["shops"] or not ctx.customer.orders:
            return None
        return [
            SendMessage(
                reason="thank the customer for a review",
                template=MESSAGE,
                purpose=Purpose.SERVICE,
                label=MESSAGE,
                delay=PAUSE,
                # Several reviews are one message.
                premises=(
                    NotSentWithin(label=MESSAGE, period=timedelta(days=ctx.config["again_after_days"])),
                ),
            )
        ]


def _template(locale: str) -> Template:
    folder = files(__name__) / "templates" / locale
    subject, text, html = (
        (folder / f"{MESSAGE}.{part}.liquid").read_text(encoding="utf-8")
        for part in ("subject", "txt", "html")
    )
    return Template(name=MESSAGE, locale=locale, subject=subject, text=text, html=html)


plugin = ThankReviewers()
