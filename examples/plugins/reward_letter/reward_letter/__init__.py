"""Send customers the code of a reward that they have redeemed, as soon as it can be used."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

from aftercare_sdk import AftercareHooks, Context, hookimpl
from aftercare_sdk.actions import Action, CancelMessages, Purpose, Scope, SendMessage
from aftercare_sdk.events import RewardChanged
from aftercare_sdk.model.messages import Template
from aftercare_sdk.points import RewardState

__all__ = ["RewardLetter", "plugin"]

MESSAGE = "reward-letter"
"""The name of the template."""


class RewardLetter(AftercareHooks):
    """Writes about codes that can be used."""

    @hookimpl
    def register_templates(self) -> Iterable[Template]:
        """Offer the message in Japanese and English; a shop may replace the words by its own."""
        return [_template(locale) for locale in ("ja", "en")]

    @hookimpl
    def on_reward_changed(self, event: RewardChanged, ctx: Context) -> Iterable[Action] | None:
        """Write when the code is there; call that off when it cannot be used any more."""
        del ctx
        label = f"{MESSAGE} {event.redemption}"
        if event.state is RewardState.ISSUED and event.code:
            return [
                SendMessage(
                    reason=f"the code of {event.reward} can be used",
                    template=MESSAGE,
                    purpose=Purpose.TRANSACTIONAL,
                    label=label,
                    # Issued again after somebody had cancelled it: one letter is enough.
                    scope=Scope.CUSTOMER,
                    data={"code": event.code, "points": f"{event.points:,}"},
                )
            ]
        return [CancelMessages(reason=f"the reward is {event.state}", label=label, scope=Scope.CUSTOMER)]


def _template(locale: str) -> Template:
    folder = files(__name__) / "templates" / locale
    subject, text, html = (
        (folder / f"{MESSAGE}.{part}.liquid").read_text(encoding="utf-8")
        for part in ("subject", "txt", "html")
    )
    return Template(name=MESSAGE, locale=locale, subject=subject, text=text, html=html)


plugin = RewardLetter()
