"""What the SDK itself brings for reaching people, as a plugin like any other."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from aftercare_sdk.hookspecs import AftercareHooks, hookimpl
from aftercare_sdk.model.messages import ChannelType, OutgoingMessage, Template


class BuiltinOutreach(AftercareHooks):
    """The channels `smtp`, `maildir` and `null`, and the SDK's templates.

    `deliver` gets every message of every null channel.
    """

    name = "outreach"

    def __init__(self, deliver: Callable[[OutgoingMessage], object] | None = None) -> None:
        self._deliver = deliver

    @hookimpl
    def register_channels(self) -> Iterable[ChannelType]:
        """Offer the channels; their modules are loaded now, not with the SDK."""
        from aftercare_sdk.outreach.channels.maildir import MaildirChannel, MaildirOptions
        from aftercare_sdk.outreach.channels.null import null_type
        from aftercare_sdk.outreach.channels.smtp import SmtpChannel, SmtpOptions

        return (
            ChannelType(name="smtp", build=SmtpChannel, options=SmtpOptions),
            ChannelType(name="maildir", build=MaildirChannel, options=MaildirOptions),
            null_type(self._deliver),
        )

    @hookimpl
    def register_templates(self) -> Iterable[Template]:
        """Offer the templates of the package."""
        from aftercare_sdk.outreach.catalog import builtin_templates

        return builtin_templates()
