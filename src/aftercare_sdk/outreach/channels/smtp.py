"""E-mail over SMTP, with an exact answer to the question whether the server took the message.

Until the final dot is sent, nothing was taken; after the server's answer to it, everything is said. Only
between the two nobody can know (SEND-08). So the dot travels alone, behind everything else.
"""

from __future__ import annotations

import ipaddress
import re
import smtplib
import socket
import ssl
from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.messages import (
    Accepted,
    ChannelSettings,
    OutgoingMessage,
    Refused,
    SendResult,
    TryAgain,
    Unknown,
)
from aftercare_sdk.outreach.addresses import Address, UnusableAddress, parse_address
from aftercare_sdk.outreach.mail import UnsafeHeader, build_mail

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_ENHANCED_CODE = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}\b")
_QUEUED_AS = re.compile(rb"queued as ([A-Za-z0-9.-]{1,64})\b", re.IGNORECASE)
_SELECTOR = re.compile(
    r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\Z"
)
_SECONDS_FOR_QUIT = 2.0
_START_MAIL_INPUT = 354
_CLOSING = 421
_ABOUT_THE_LOGIN = frozenset({530, 534, 535, 538})
_TOO_LARGE = 552
_LOST = (OSError, smtplib.SMTPException)


class SmtpOptions(Schema):
    """The settings under `[channels.<name>]` for `kind = "smtp"`.

    `security` is "starttls" (port 587), "tls" (port 465) or, for a server on this machine, "none" (port 25).
    `timeout` is in seconds and holds for each step. `ca_file` names the certificates of a private authority.
    `dkim_selectors` are those that the mail provider signs with: `aftercare doctor` looks for their keys.
    """

    host = fields.String(required=True, validate=validate.Length(min=1))
    port = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1, max=65_535))
    username = fields.String(load_default=None, allow_none=True)
    password = fields.String(load_default=None, allow_none=True)
    security = fields.String(load_default="starttls", validate=validate.OneOf(sorted(_PORTS)))
    timeout = fields.Float(load_default=30.0, validate=validate.Range(min=1, max=600))
    ca_file = fields.String(load_default=None, allow_none=True)
    dkim_selectors = fields.List(
        fields.String(
            validate=validate.Regexp(
                _SELECTOR, error='is no selector; write one such as "s1", or "s1._domainkey.shop.example"'
            )
        ),
        load_default=(),
    )

    @validates_schema(skip_on_field_errors=False)
    def _check(self, data: Mapping[str, Any], **_: Any) -> None:
        problems: dict[str, list[str]] = {}
        username, password = data.get("username"), data.get("password")
        if data.get("security") == "none" and not _on_this_machine(data.get("host", "localhost")):
            cure = 'is accepted only for a server on this machine; use "starttls" or "tls"'
            problems["security"] = [f'"none" would send mails and passwords in the clear, and {cure}']
        if (username is None) != (password is None):
            missing = "username" if username is None else "password"
            problems[missing] = ["username and password belong together; give both or neither"]
        for name, value in (("username", username), ("password", password)):
            if value is not None and not value.isascii():
                problems[name] = ["SMTP logins are ASCII only; choose another one at your mail provider"]
        if problems:
            raise ValidationError(problems)


class _NotTaken(Exception):
    """The server did not take the message, and said or showed so before the final dot."""

    def __init__(self, result: Refused | TryAgain) -> None:
        super().__init__(result.reason)
        self.result = result


class SmtpChannel:
    """One connection, used for many messages. Never retries a message: that is the engine's decision."""

    def __init__(self, settings: ChannelSettings) -> None:
        try:
            options: Mapping[str, Any] = SmtpOptions().load(dict(settings.options))
            self._sender = parse_address(settings.sender)
            self._tls = ssl.create_default_context(cafile=options["ca_file"])
        except ValidationError as error:
            raise ConfigurationError(f"channels.{settings.name}: {error.messages}") from None
        except UnusableAddress as error:
            raise ConfigurationError(f"channels.{settings.name}.sender: {error}") from None
        except OSError as error:
            cure = f"{options['ca_file']} cannot be read as certificates ({error.strerror}); correct the path"
            raise ConfigurationError(f"channels.{settings.name}.ca_file: {cure}") from None
        self._settings = settings
        self._options = options
        self._port: int = options["port"] or _PORTS[options["security"]]
        self._connection: smtplib.SMTP | None = None

    def send(self, message: OutgoingMessage) -> SendResult:
        try:
            mail = build_mail(message, self._settings)
            recipient = parse_address(message.recipient)
        except UnusableAddress:
            return Refused("the recipient's address cannot be used")
        except UnsafeHeader:
            return Refused("a header value cannot be sent safely")
        try:
            connection = self._ready()
            self._announce(connection, recipient, len(mail))
            self._transmit(connection, mail)
        except _NotTaken as outcome:
            return outcome.result
        except _LOST:
            self._drop()
            return TryAgain("the connection was lost before the message had been sent")
        return self._finish(connection)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if connection.sock is not None:
                connection.sock.settimeout(_SECONDS_FOR_QUIT)
            connection.quit()
        except _LOST:
            pass  # every message has had its answer; a lost goodbye changes nothing
        finally:
            connection.close()

    def _ready(self) -> smtplib.SMTP:
        """Return a connection that answers. Servers close idle ones, so an old one is asked first."""
        if self._connection is not None:
            try:
                code, _ = self._connection.rset()
            except _LOST:
                code = -1
            if _positive(code):
                return self._connection
            self._drop()
        self._connection = self._connect()
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        connection: smtplib.SMTP | None = None
        try:
            connection = self._open()
            if self._options["security"] == "starttls":
                connection.starttls(context=self._tls)
            connection.ehlo_or_helo_if_needed()
            if self._options["username"] is not None:
                connection.login(self._options["username"], self._options["password"])
        except _LOST as error:
            if connection is not None:
                connection.close()
            raise _NotTaken(TryAgain(self._why_no_connection(error))) from None
        if connection.sock is not None:
            # Without this the final dot would wait for the server's delayed acknowledgement, 40 ms each.
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _open(self) -> smtplib.SMTP:
        # Naming ourselves by the sender's domain spares a DNS look-up of this machine's own name.
        host, name, timeout = self._options["host"], self._sender.domain, self._options["timeout"]
        if self._options["security"] == "tls":
            return smtplib.SMTP_SSL(host, self._port, name, timeout=timeout, context=self._tls)
        return smtplib.SMTP(host, self._port, name, timeout=timeout)

    def _why_no_connection(self, error: Exception) -> str:
        server = f"{self._options['host']}:{self._port}"
        match error:
            case smtplib.SMTPAuthenticationError():
                return f"{server} refused the login ({error.smtp_code})"
            case smtplib.SMTPResponseException():
                return f"{server} is not ready ({error.smtp_code})"
            case smtplib.SMTPNotSupportedError():
                missing = "STARTTLS" if self._options["security"] == "starttls" else "logins"
                return f"{server} does not offer {missing}"
            case ssl.SSLCertVerificationError():
                return f"the certificate of {server} is not trusted: {error.verify_message}"
            case ssl.SSLError():
                return f"no TLS with {server}: {error.reason}"
            case TimeoutError():
                return f"{server} does not answer"
            case OSError() if error.strerror:
                return f"cannot connect to {server}: {error.strerror}"
        return f"{server} did not answer or closed the connection"

    def _announce(self, connection: smtplib.SMTP, recipient: Address, size: int) -> None:
        options = f" SIZE={size}" if connection.has_extn("size") else ""
        if self._sender.international or recipient.international:
            if not connection.has_extn("smtputf8"):
                raise _NotTaken(Refused("the mail server takes no addresses outside ASCII"))
            connection.command_encoding = "utf-8"
            options += " BODY=8BITMIME SMTPUTF8"
        self._command(connection, "sender", f"MAIL FROM:<{self._sender}>{options}")
        self._command(connection, "recipient", f"RCPT TO:<{recipient}>")
        self._command(connection, "message", "DATA")

    def _command(self, connection: smtplib.SMTP, subject: str, command: str) -> None:
        code, reply = connection.docmd(command)
        expected = code == _START_MAIL_INPUT if command == "DATA" else _positive(code)
        if not expected:
            raise _NotTaken(self._refusal(subject, code, reply))

    def _transmit(self, connection: smtplib.SMTP, mail: bytes) -> None:
        """Send everything but the final dot; a failure in here is definite."""
        connection.send(re.sub(rb"(?m)^\.", b"..", mail))

    def _finish(self, connection: smtplib.SMTP) -> SendResult:
        try:
            connection.send(b".\r\n")
            code, reply = connection.getreply()
        except _LOST:
            self._drop()
            return Unknown("the connection was lost after the message had been sent")
        if _positive(code):
            queued = _QUEUED_AS.search(reply)
            return Accepted(queued[1].decode("ascii") if queued else "")
        if code // 100 in {4, 5}:
            return self._refusal("message", code, reply)
        self._drop()
        return Unknown("the server's answer after the message cannot be read")

    def _refusal(self, subject: str, code: int, reply: bytes) -> Refused | TryAgain:
        """Say what a negative answer means. The server's words stay out: they like to repeat the address."""
        if code == _CLOSING or code // 100 not in {4, 5}:
            self._drop()
        enhanced = _ENHANCED_CODE.match(reply.strip())
        detail = f"{code} {enhanced[0].decode('ascii')}" if enhanced else str(code)
        # A refused sender or login is the shop's own matter: all mails wait until somebody has mended it.
        own_matter = (subject == "sender" and code != _TOO_LARGE) or code in _ABOUT_THE_LOGIN
        if code // 100 == 5 and not own_matter:  # noqa: PLR2004 - SMTP's permanent refusals
            return Refused(f"{subject} refused ({detail})")
        return TryAgain(f"{subject} not accepted ({detail})")

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _positive(code: int) -> bool:
    return code // 100 == 2  # noqa: PLR2004 - SMTP's positive answers


def _on_this_machine(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
