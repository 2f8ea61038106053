from __future__ import annotations

import smtplib
import socket

import pytest

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.web.devmail.trap import MailTrap


def test_it_keeps_what_it_gets_byte_for_byte():
    """Dots at the beginning of lines and letters of all kinds included."""
    mail = "Subject: =?utf-8?b?44GC?=\r\n\r\n.a\r\n..b\r\nあ\r\n".encode()
    with MailTrap() as trap, smtplib.SMTP(trap.host, trap.port, "shop.example") as client:
        client.sendmail("a@shop.example", ["b@x.example", "c@x.example"], mail)
        client.sendmail("a@shop.example", ["d@x.example"], b"Subject: two\r\n\r\n")
    assert [("b@x.example", "c@x.example"), ("d@x.example",)] == [caught.recipients for caught in trap.mails]
    assert mail == trap.mails[0].content


def test_it_answers_with_a_name_of_its_own():
    """As mail services do; the channel notes it."""
    with MailTrap() as trap, smtplib.SMTP(trap.host, trap.port, "shop.example") as client:
        client.ehlo()
        client.docmd("MAIL", "FROM:<a@shop.example>")
        client.docmd("RCPT", "TO:<b@x.example>")
        assert (250, b"2.0.0 Ok: queued as 000001") == client.data(b"Subject: x\r\n\r\n")


def test_it_keeps_the_newest():
    """At most so many, and of large ones fewer; their numbers go on, so no link leads to another."""

    def mail(client, size):
        client.sendmail(
            "a@shop.example", ["b@x.example"], b"Subject: x\r\n\r\n" + b"12345678\r\n" * (size // 10)
        )

    with (
        MailTrap(most=3, most_bytes=1_000) as trap,
        smtplib.SMTP(trap.host, trap.port, "shop.example") as client,
    ):
        for _ in range(5):
            mail(client, 10)
        assert [3, 4, 5] == [caught.number for caught in trap.mails]
        mail(client, 950)
        assert [5, 6] == [caught.number for caught in trap.mails]
        mail(client, 5_000)
        assert [7] == [caught.number for caught in trap.mails]


def test_it_listens_on_loopback_only_and_ends():
    """Nobody else on the network can reach it, and afterwards nobody at all."""
    with MailTrap() as trap:
        assert "127.0.0.1" == trap.host
        socket.create_connection((trap.host, trap.port), 5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((trap.host, trap.port), 5)


def test_a_machine_that_lets_nobody_listen_is_told_so(monkeypatch):
    """In words, not with a traceback."""

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)
    with pytest.raises(ConfigurationError, match=r"cannot listen on 127\.0\.0\.1 \(Permission denied\)"):
        MailTrap()
