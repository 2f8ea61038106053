"""A channel that keeps the bytes of its mails as they would leave, and breaks now and then."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from aftercare_sdk import AftercareHooks, hookimpl
from aftercare_sdk.model.messages import (
    Accepted,
    ChannelSettings,
    ChannelType,
    OutgoingMessage,
    Refused,
    SendResult,
    TryAgain,
    Unknown,
)
from aftercare_sdk.outreach.mail import build_mail

Keep = Callable[[bytes], None]
Lose = Callable[[str], None]


class Mailbox:
    """Hands each mail to `keep`, as the SMTP and the Maildir channel write it.

    Sometimes the mail server is busy, refuses for good, or breaks off after it has the mail, which `lose` is
    told. `dice` decides.
    """

    def __init__(self, settings: ChannelSettings, dice: random.Random, keep: Keep, lose: Lose) -> None:
        self._settings = settings
        self._dice = dice
        self._keep = keep
        self._lose = lose

    def send(self, message: OutgoingMessage) -> SendResult:
        mail = build_mail(message, self._settings)
        chance = self._dice.random()
        if chance < 0.02:
            return TryAgain("450 come back later")
        if chance < 0.025:
            return Refused("552 not from you")
        self._keep(mail)
        if chance < 0.03:
            self._lose(message.id)
            return Unknown("the connection broke after the last byte")
        return Accepted()

    def close(self) -> None:
        """Hold nothing open."""


class MailboxPlugin(AftercareHooks):
    """Brings the channel."""

    def __init__(self, dice: random.Random, keep: Keep, lose: Lose) -> None:
        self._given = dice, keep, lose

    @hookimpl
    def register_channels(self) -> Iterable[ChannelType]:
        return [ChannelType(name="mailbox", build=lambda settings: Mailbox(settings, *self._given))]
