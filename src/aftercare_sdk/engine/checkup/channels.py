"""The channels: whether a mail server takes our login and a folder our files. Nothing is sent."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from aftercare_sdk.config import ChannelConfig, resolve_tree, validate_section
from aftercare_sdk.engine.checkup.findings import Finding
from aftercare_sdk.model.messages import ChannelSettings, ChannelType
from aftercare_sdk.outreach.channels.maildir import MaildirChannel
from aftercare_sdk.outreach.channels.smtp import SmtpChannel, _NotTaken

PATIENCE_SECONDS = 5.0
"""For each step of the way to a mail server."""


class _Visit(SmtpChannel):
    """A connection as it is made before a message: greeting, STARTTLS, login; then goodbye."""

    def why_not(self) -> str:
        """Return why messages could not be sent now, or nothing."""
        try:
            self._ready()
        except _NotTaken as outcome:
            return outcome.result.reason
        finally:
            self.close()
        return ""


def check_channel(
    channel: ChannelConfig, kinds: Mapping[str, ChannelType], environ: Mapping[str, str]
) -> Iterator[Finding]:
    """Try one channel, as far as that is possible without sending."""
    name = f"channel {channel.name}"
    kind = kinds.get(channel.kind)
    checked, wrong = (
        validate_section(f"channels.{channel.name}", kind.options, channel.options) if kind else ({}, ())
    )
    options, missing = resolve_tree(checked, environ)
    if kind is None or wrong or missing:
        cure = "mend what is said of its configuration and secrets first"
        yield Finding(name=name, ok=False, told="not tried, its settings are not complete", cure=cure)
    elif kind.build is SmtpChannel:
        yield _mail_server(name, channel, options)
    elif kind.build is MaildirChannel:
        yield _folder(name, Path(options["path"]))
    else:
        yield Finding(name=name, ok=True, told=f'the kind "{kind.name}" cannot be tried without sending')


def _mail_server(name: str, channel: ChannelConfig, options: Mapping[str, Any]) -> Finding:
    patience = min(options["timeout"], PATIENCE_SECONDS)
    settings = ChannelSettings(
        name=channel.name,
        sender=channel.sender,
        sender_name=channel.sender_name,
        options={**options, "timeout": patience},
    )
    why_not = _Visit(settings).why_not()
    if why_not:
        cure = (
            f"compare host, port, security, username and password below [channels.{channel.name}] "
            "with what your mail provider says, and see whether a firewall is in the way"
        )
        return Finding(name=name, ok=False, told=why_not, cure=cure)
    login = " and the login" if options["username"] is not None else ""
    return Finding(
        name=name, ok=True, told=f"{options['host']} takes the connection{login}; nothing was sent"
    )


def _folder(name: str, folder: Path) -> Finding:
    cure = "name a folder that the user who runs aftercare may write, or give that user the right"
    existing = next((each for each in (folder, *folder.absolute().parents) if each.exists()), folder)
    if not existing.is_dir():
        return Finding(name=name, ok=False, told=f"{existing} is no folder", cure=cure)
    if existing != folder:
        if os.access(existing, os.W_OK | os.X_OK):
            return Finding(name=name, ok=True, told=f"the folder {folder} is made with the first mail")
        return Finding(name=name, ok=False, told=f"the folder {existing} cannot be written", cure=cure)
    for place in (folder, *(folder / part for part in ("tmp", "new", "cur"))):
        try:
            if place == folder or place.exists():
                TemporaryFile(dir=place).close()
        except OSError as error:
            return Finding(
                name=name, ok=False, told=f"{place} cannot be written: {error.strerror}", cure=cure
            )
    return Finding(name=name, ok=True, told=f"mails become files in {folder}, which can be written")
