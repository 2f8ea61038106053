from __future__ import annotations

import shutil
import socket
import ssl

import pytest
from marshmallow import ValidationError

from aftercare_sdk.errors import ConfigurationError
from aftercare_sdk.model.messages import Accepted, Channel, ChannelSettings, Refused, TryAgain, Unknown
from aftercare_sdk.outreach.channels.smtp import SmtpChannel, SmtpOptions
from aftercare_sdk.outreach.mail import build_mail
from tests.unit.outreach.mail_servers import ABORT, Inbox, certificate, login, mail_server, scripted_server
from tests.unit.outreach.samples import message, settings

GREETING = b"220 trap\r\n"
EHLO = b"250 trap\r\n"
OK = b"250 OK\r\n"
GO_ON = b"354 Go on\r\n"


@pytest.fixture
def inbox():
    """Make a place for what the server gets."""
    return Inbox()


@pytest.fixture
def server(inbox):
    """Run a server on loopback."""
    with mail_server(inbox) as port:
        yield port


@pytest.fixture
def channel(server):
    """Open a channel to it."""
    opened = SmtpChannel(local(server))
    yield opened
    opened.close()


def local(port: int, **options) -> ChannelSettings:
    """Return settings for a server of this machine."""
    return settings(**{"host": "127.0.0.1", "port": port, "security": "none", "timeout": 5, **options})


def sent(port: int, **options):
    """Send one message to a scripted server and return the outcome."""
    channel = SmtpChannel(local(port, **options))
    try:
        return channel.send(message())
    finally:
        channel.close()


def test_a_message_arrives_as_it_was_written(channel, inbox):
    """The envelope, the bytes, and the server's own name for it."""
    assert Accepted("4F1A2B") == channel.send(message())
    assert isinstance(channel, Channel)
    envelope = inbox.mails[0]
    assert ("shop@chaho.example", ["ogawa@example.jp"]) == (envelope.mail_from, envelope.rcpt_tos)
    assert build_mail(message(), settings()) == envelope.content


def test_lines_that_begin_with_a_dot_arrive(channel, inbox):
    """A dot alone on a line would end the message in the middle."""
    dots = message(text=".\n..\nx\n.\n", html=".")
    channel.send(dots)
    assert build_mail(dots, settings()) == inbox.mails[0].content


def test_one_connection_carries_many_messages(channel, inbox):
    """Greeting, encryption and login are paid for once."""
    assert [Accepted("4F1A2B")] * 5 == [channel.send(message(id=f"m{number}")) for number in range(5)]
    assert (5, 1) == (len(inbox.mails), inbox.connections)


def test_the_final_dot_does_not_wait_for_a_delayed_acknowledgement(channel):
    """It travels in a packet of its own, which the operating system would else hold back for 40 ms."""
    channel.send(message())
    assert channel._connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("stale", [ABORT, "421 4.4.2 Idle for too long", "500 What?"])
def test_a_stale_connection_is_replaced_before_anything_is_said(stale, channel, inbox):
    """Servers close idle connections; that is no failure of the next message."""
    channel.send(message(id="first"))
    inbox.answers["RSET"] = stale
    assert Accepted("4F1A2B") == channel.send(message(id="second"))
    assert (2, 2) == (len(inbox.mails), inbox.connections)


def test_a_server_that_went_away_between_two_messages_is_found_again(inbox):
    """A restarted server is a stale connection like any other."""
    with mail_server(inbox) as port:
        channel = SmtpChannel(local(port))
        channel.send(message(id="first"))
    assert TryAgain(f"cannot connect to 127.0.0.1:{port}: Connection refused") == channel.send(message())
    channel.close()
    assert 1 == len(inbox.mails)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"RCPT": "550 5.1.1 <ogawa@example.jp> unknown"}, Refused("recipient refused (550 5.1.1)")),
        ({"RCPT": "553 no such mailbox"}, Refused("recipient refused (553)")),
        ({"RCPT": "450 4.2.1 greylisted"}, TryAgain("recipient not accepted (450 4.2.1)")),
        ({"RCPT": "530 5.7.0 log in first"}, TryAgain("recipient not accepted (530 5.7.0)")),
        ({"DATA": "554 5.5.1 no"}, Refused("message refused (554 5.5.1)")),
        ({"DATA": "451 later"}, TryAgain("message not accepted (451)")),
        ({"BODY": "554 5.6.0 spam from shop@chaho.example"}, Refused("message refused (554 5.6.0)")),
        ({"BODY": "452 4.3.1 full"}, TryAgain("message not accepted (452 4.3.1)")),
        ({"BODY": "421 4.3.2 closing"}, TryAgain("message not accepted (421 4.3.2)")),
        ({"MAIL": "550 5.7.1 not your sender"}, TryAgain("sender not accepted (550 5.7.1)")),
        ({"MAIL": "552 5.3.4 too large"}, Refused("sender refused (552 5.3.4)")),
        ({"MAIL": "421 4.7.0 too many messages"}, TryAgain("sender not accepted (421 4.7.0)")),
    ],
)
def test_answers_are_read_exactly(answers, expected, channel, inbox):
    """Permanent or not, as the server says; never its words, which like to repeat addresses."""
    inbox.answers.update(answers)
    assert expected == channel.send(message())
    assert [] == inbox.mails
    inbox.answers.clear()
    assert Accepted("4F1A2B") == channel.send(message(id="next")), "the channel goes on working"


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_a_connection_lost_before_the_final_dot_is_definite(stage, channel, inbox):
    """The server cannot have taken what it never got, so the message may be tried again."""
    inbox.answers[stage] = ABORT
    assert TryAgain("the connection was lost before the message had been sent") == channel.send(message())
    assert 1 == inbox.connections, "and it is not tried again in here"
    inbox.answers.clear()
    assert Accepted("4F1A2B") == channel.send(message(id="next"))


def test_send_08_a_connection_lost_after_the_final_dot_is_unknown(channel, inbox):
    """The server kept the mail and could not say so."""
    inbox.answers["BODY"] = ABORT
    assert Unknown("the connection was lost after the message had been sent") == channel.send(message())
    assert 1 == len(inbox.mails)
    inbox.answers.clear()
    assert Accepted("4F1A2B") == channel.send(message(id="next"))


def test_a_connection_lost_while_the_message_is_being_sent_is_definite():
    """Only the final dot makes it a message."""
    script = [GREETING, EHLO, OK, OK, GO_ON, None]
    with scripted_server(script) as port:
        channel = SmtpChannel(local(port))
        outcome = channel.send(message(html=("x" * 70 + "\n") * 400_000))
        channel.close()
    assert TryAgain("the connection was lost before the message had been sent") == outcome


BODY = [b""] * build_mail(message(), settings()).count(b"\r\n")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ([None], TryAgain("127.0.0.1:PORT did not answer or closed the connection")),
        ([b"554 no service\r\n"], TryAgain("127.0.0.1:PORT is not ready (554)")),
        ([b"SSH-2.0\r\n"], TryAgain("127.0.0.1:PORT is not ready (-1)")),
        ([GREETING, None], TryAgain("127.0.0.1:PORT did not answer or closed the connection")),
        ([GREETING, b"421 busy\r\n", b"421 busy\r\n"], TryAgain("127.0.0.1:PORT is not ready (421)")),
        ([GREETING, EHLO, b"what\r\n"], TryAgain("sender not accepted (-1)")),
        ([GREETING, EHLO, OK, b"199 hm\r\n"], TryAgain("recipient not accepted (199)")),
        ([GREETING, EHLO, OK, OK, b"250 OK\r\n"], TryAgain("message not accepted (250)")),
        (
            [GREETING, EHLO, OK, OK, GO_ON, *BODY, None],
            Unknown("the connection was lost after the message had been sent"),
        ),
        (
            [GREETING, EHLO, OK, OK, GO_ON, *BODY, b"hello?\r\n"],
            Unknown("the server's answer after the message cannot be read"),
        ),
        (
            [GREETING, EHLO, OK, OK, GO_ON, *BODY, b"354 more\r\n"],
            Unknown("the server's answer after the message cannot be read"),
        ),
        (
            [GREETING, EHLO, OK, OK, GO_ON, *BODY, b"x" * 20_000 + b"\r\n"],
            Unknown("the connection was lost after the message had been sent"),
        ),
        ([GREETING, EHLO, OK, OK, GO_ON, *BODY, b"250-all\r\n250 right\r\n", OK], Accepted("")),
    ],
)
def test_a_server_that_speaks_nonsense_is_never_misunderstood(script, expected):
    """Before the final dot nonsense means no; after it nobody knows."""
    with scripted_server(script) as port:
        outcome = sent(port)
    assert repr(expected).replace("PORT", str(port)) == repr(outcome)


def test_send_08_a_server_that_falls_silent_after_the_final_dot_is_unknown():
    """A timeout there is the same as a lost connection."""
    with scripted_server([GREETING, EHLO, OK, OK, GO_ON, *BODY, b""]) as port:
        outcome = sent(port, timeout=1)
    assert Unknown("the connection was lost after the message had been sent") == outcome


def test_a_server_that_falls_silent_before_is_tried_again():
    """Nothing was taken."""
    with scripted_server([b""]) as port:
        outcome = sent(port, timeout=1)
    assert TryAgain(f"127.0.0.1:{port} did not answer or closed the connection") == outcome


def test_nobody_listening_is_tried_again():
    """The reason names the server, so that somebody can mend the settings."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert TryAgain(f"cannot connect to 127.0.0.1:{port}: Connection refused") == sent(port)


@pytest.mark.parametrize("answer", [ABORT, "500 No"])
def test_a_lost_goodbye_is_nothing(answer, channel, inbox):
    """Every message has had its answer."""
    channel.send(message())
    inbox.answers["QUIT"] = answer
    channel.close()
    channel.close()
    assert 1 == len(inbox.mails)


def test_nothing_is_printed(channel, inbox, capfd, caplog):
    """Not even when it fails: a conversation with a mail server is full of addresses."""
    inbox.answers["RCPT"] = "550 5.1.1 <ogawa@example.jp> unknown"
    channel.send(message())
    assert ("", "") == capfd.readouterr()
    assert [] == [record for record in caplog.records if record.name.startswith("aftercare")]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"recipient": "ogawa"}, "the recipient's address cannot be used"),
        (
            {"recipient": "ogawa@example.jp>\r\nRCPT TO:<all@example.jp"},
            "the recipient's address cannot be used",
        ),
        ({"subject": "a\nb"}, "a header value cannot be sent safely"),
    ],
)
def test_what_cannot_be_sent_safely_is_refused(changes, reason, channel, inbox):
    """Without a connection, and without repeating it."""
    assert Refused(reason) == channel.send(message(**changes))
    assert 0 == inbox.connections


class TestInternationalAddresses:
    def test_they_are_sent_as_they_are(self, channel, inbox):
        """To a server that says it knows them."""
        assert Accepted("4F1A2B") == channel.send(message(recipient="花子@例え.jp"))
        envelope = inbox.mails[0]
        assert ["花子@xn--r8jz45g.jp"] == envelope.rcpt_tos
        assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(envelope.mail_options)
        assert "花子@xn--r8jz45g.jp".encode() in envelope.content

    def test_the_next_ordinary_message_is_ordinary(self, channel, inbox):
        """Nothing of the extension is left behind."""
        channel.send(message(id="one", recipient="花子@example.jp"))
        channel.send(message(id="two"))
        assert "SMTPUTF8" not in inbox.mails[1].mail_options

    def test_they_are_refused_where_the_server_does_not_know_them(self):
        """No other spelling of the address exists."""
        with scripted_server([GREETING, EHLO, OK]) as port:
            channel = SmtpChannel(local(port))
            outcome = channel.send(message(recipient="花子@example.jp"))
            channel.close()
        assert Refused("the mail server takes no addresses outside ASCII") == outcome


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Certificates for two names, each its own authority."""
    folder = tmp_path_factory.mktemp("tls")
    return {name: certificate(folder, name) for name in ("localhost", "elsewhere.example")}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
class TestEncryption:
    @staticmethod
    def server_side(file) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def test_starttls_before_the_login(self, inbox, files):
        """Password and message are encrypted, on one connection for both messages."""
        options = {
            "tls_context": self.server_side(files["localhost"]),
            "require_starttls": True,
            "auth_require_tls": True,
            "authenticator": login(b"shop", b"s3cret"),
            "auth_required": True,
        }
        with mail_server(inbox, **options) as port:
            channel = SmtpChannel(self.client(port, files, username="shop", password="s3cret"))
            outcomes = [channel.send(message(id=f"m{number}")) for number in range(2)]
            channel.close()
        assert [Accepted("4F1A2B")] * 2 == outcomes
        assert (2, 1) == (len(inbox.mails), inbox.connections)

    def test_tls_from_the_start(self, inbox, files):
        """As on port 465."""
        with mail_server(inbox, tls=self.server_side(files["localhost"])) as port:
            channel = SmtpChannel(self.client(port, files, security="tls"))
            assert Accepted("4F1A2B") == channel.send(message())
            channel.close()

    def test_a_wrong_login_waits_for_somebody_to_mend_it(self, inbox, files):
        """Mails wait within their window; the reason has the code and not the password."""
        options = {
            "tls_context": self.server_side(files["localhost"]),
            "authenticator": login(b"shop", b"s3cret"),
        }
        with mail_server(inbox, **options) as port:
            channel = SmtpChannel(self.client(port, files, username="shop", password="wrong"))
            outcome = channel.send(message())
        assert TryAgain(f"localhost:{port} refused the login (535)") == outcome

    def test_a_server_without_starttls_gets_nothing(self, inbox, files):
        """There is no falling back to sending in the clear."""
        with mail_server(inbox) as port:
            channel = SmtpChannel(self.client(port, files))
            outcome = channel.send(message())
        assert TryAgain(f"localhost:{port} does not offer STARTTLS") == outcome
        assert [] == inbox.commands

    @pytest.mark.parametrize("security", ["starttls", "tls"])
    def test_a_certificate_for_somebody_else_is_not_trusted(self, security, inbox, files):
        """Nor is one from an unknown authority; the reason says which it is."""
        context = self.server_side(files["elsewhere.example"])
        for trusted, reason in (
            (files["elsewhere.example"], "Hostname mismatch"),
            (None, "signed certificate"),
        ):
            tls = {"tls": context} if security == "tls" else {"tls_context": context}
            with mail_server(inbox, **tls) as port:
                given = settings(
                    host="localhost",
                    port=port,
                    security=security,
                    ca_file=trusted and str(trusted),
                    timeout=5,
                )
                outcome = SmtpChannel(given).send(message())
            assert isinstance(outcome, TryAgain)
            assert f"the certificate of localhost:{port} is not trusted: " in outcome.reason
            assert reason in outcome.reason
        assert [] == inbox.mails

    def test_tls_with_a_server_that_does_not_speak_it(self, inbox, files):
        """The wrong port is named, not the library's inside."""
        with mail_server(inbox) as port:
            outcome = SmtpChannel(self.client(port, files, security="tls")).send(message())
        assert f"no TLS with localhost:{port}" in outcome.reason

    @staticmethod
    def client(port, files, **options) -> ChannelSettings:
        return settings(
            **{"host": "localhost", "port": port, "ca_file": str(files["localhost"]), "timeout": 5, **options}
        )


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "setting", "cure"),
        [
            ({}, "host", "Missing data"),
            ({"host": "mail.example", "security": "none"}, "security", 'use "starttls" or "tls"'),
            ({"host": "10.0.0.1", "security": "none"}, "security", "only for a server on this machine"),
            ({"host": "mail.example", "security": "ssl"}, "security", "none, starttls, tls"),
            ({"host": "mail.example", "username": "shop"}, "password", "give both or neither"),
            ({"host": "mail.example", "password": "x"}, "username", "give both or neither"),
            ({"host": "mail.example", "username": "店", "password": "x"}, "username", "ASCII only"),
            ({"host": "mail.example", "username": "x", "password": "密"}, "password", "ASCII only"),
            ({"host": "mail.example", "port": 0}, "port", "1"),
            ({"host": "mail.example", "timeout": 0}, "timeout", "1"),
            ({"host": "mail.example", "hots": "x"}, "hots", "Unknown field"),
        ],
    )
    def test_mistakes_have_a_path_and_a_cure(self, options, setting, cure):
        """By the name of the setting, so that the configuration can say where."""
        with pytest.raises(ValidationError) as error:
            SmtpOptions().load(options)
        assert [setting] == list(error.value.messages)
        assert cure in error.value.messages[setting][0]
        assert "密" not in str(error.value.messages)

    def test_all_mistakes_are_told_at_once(self):
        """Also those that concern two settings together."""
        wrong = {"host": "mail.example", "security": "none", "timeout": 0, "username": "x"}
        with pytest.raises(ValidationError) as error:
            SmtpOptions().load(wrong)
        assert {"security", "timeout", "password"} == set(error.value.messages)

    @pytest.mark.parametrize(
        ("options", "port"),
        [
            ({"host": "mail.example"}, 587),
            ({"host": "mail.example", "security": "tls"}, 465),
            ({"host": "::1", "security": "none"}, 25),
            ({"host": "localhost", "security": "none", "port": 2525}, 2525),
        ],
    )
    def test_the_port_follows_from_the_security(self, options, port):
        """The usual one, unless another is given."""
        assert port == SmtpChannel(settings(**options))._port

    @pytest.mark.parametrize(
        ("given", "problem"),
        [
            (settings(host="mail.example", ca_file="/nowhere.pem"), "ca_file: /nowhere.pem cannot be read"),
            (settings(), "channels.email: {'host'"),
            (
                ChannelSettings(name="email", sender="shop", options={"host": "mail.example"}),
                "channels.email.sender: not of the form name@domain",
            ),
        ],
    )
    def test_a_channel_that_cannot_work_is_not_built(self, given, problem):
        """At start, not at the first message."""
        with pytest.raises(ConfigurationError) as error:
            SmtpChannel(given)
        assert problem in str(error.value)
