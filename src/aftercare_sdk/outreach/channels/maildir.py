"""Mails into a Maildir, to be looked at with any mail program while developing."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from marshmallow import Schema, fields, validate

from aftercare_sdk.model.messages import (
    Accepted,
    ChannelSettings,
    OutgoingMessage,
    Refused,
    SendResult,
    TryAgain,
)
from aftercare_sdk.outreach.addresses import UnusableAddress
from aftercare_sdk.outreach.mail import UnsafeHeader, build_mail


class MaildirOptions(Schema):
    """`path`: the folder; it is made when it does not exist."""

    path = fields.String(required=True, validate=validate.Length(min=1))


class MaildirChannel:
    """Writes each message once, whatever its number of tries: the file is named for the message."""

    def __init__(self, settings: ChannelSettings) -> None:
        self._settings = settings
        self._folder = Path(settings.options["path"])

    def send(self, message: OutgoingMessage) -> SendResult:
        try:
            mail = build_mail(message, self._settings)
        except UnusableAddress:
            return Refused("the recipient's address cannot be used")
        except UnsafeHeader:
            return Refused("a header value cannot be sent safely")
        try:
            # Files have the line breaks of files; a mail program expects that of a Maildir.
            self._deliver(message.id, mail.replace(b"\r\n", b"\n"))
        except OSError as error:
            return TryAgain(f"the Maildir cannot be written: {error.strerror}")
        return Accepted(message.id)

    def close(self) -> None:
        """Hold nothing open."""

    def _deliver(self, key: str, mail: bytes) -> None:
        for name in ("tmp", "new", "cur"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        if (self._folder / "new" / key).exists() or self._was_read(key):
            return
        with NamedTemporaryFile(dir=self._folder / "tmp", prefix=f"{key}.", delete=False) as file:
            file.write(mail)
        # A reader sees the whole mail or none of it.
        Path(file.name).replace(self._folder / "new" / key)

    def _was_read(self, key: str) -> bool:
        # A mail program moves what it has shown to `cur`, and adds `:2,` and flags to its name.
        with os.scandir(self._folder / "cur") as entries:
            return any(entry.name.partition(":")[0] == key for entry in entries)
