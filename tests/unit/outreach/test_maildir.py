from __future__ import annotations

import mailbox
from concurrent.futures import ThreadPoolExecutor

import pytest
from marshmallow import ValidationError

from aftercare_sdk.model.messages import Accepted, Channel, Refused, TryAgain
from aftercare_sdk.outreach.channels.maildir import MaildirChannel, MaildirOptions
from aftercare_sdk.outreach.mail import build_mail
from tests.unit.outreach.samples import message, settings


@pytest.fixture
def folder(tmp_path):
    """Name a folder that is still to be made."""
    return tmp_path / "made" / "mails"


@pytest.fixture
def channel(folder):
    """Make a channel into it."""
    return MaildirChannel(settings(path=str(folder)))


def test_a_message_lies_in_the_maildir_as_it_would_have_been_sent(channel, folder):
    """Any mail program can open the folder."""
    assert Accepted(message().id) == channel.send(message())
    assert isinstance(channel, Channel)
    box = mailbox.Maildir(folder, create=False)
    assert [message().id] == box.keys()
    expected = build_mail(message(), settings()).replace(b"\r\n", b"\n")
    assert expected == (folder / "new" / message().id).read_bytes() == box.get_bytes(message().id)


def test_a_message_that_is_sent_twice_lies_there_once(channel, folder):
    """However often it is tried, also after somebody has read it."""
    channel.send(message())
    channel.send(message())
    (folder / "new" / message().id).rename(folder / "cur" / f"{message().id}:2,S")
    assert Accepted(message().id) == channel.send(message())
    channel.close()
    assert 1 == len(mailbox.Maildir(folder, create=False))
    assert [] == list((folder / "tmp").iterdir())


def test_many_workers_write_at_once(folder):
    """Each with a channel of its own, some with the same message."""
    channels = [MaildirChannel(settings(path=str(folder))) for _ in range(8)]
    jobs = [(channel, message(id=f"m{number % 20}")) for number, channel in enumerate(channels * 10)]
    with ThreadPoolExecutor(8) as workers:
        outcomes = set(workers.map(lambda job: type(job[0].send(job[1])), jobs))
    assert {Accepted} == outcomes
    assert 20 == len(mailbox.Maildir(folder, create=False))


def test_what_cannot_be_written_is_tried_again(tmp_path):
    """A file where the folder should be; the reason is the system's."""
    (tmp_path / "mails").write_text("")
    outcome = MaildirChannel(settings(path=str(tmp_path / "mails"))).send(message())
    assert TryAgain("the Maildir cannot be written: Not a directory") == outcome


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"recipient": "nobody"}, "the recipient's address cannot be used"),
        ({"recipient_name": "a\nb"}, "a header value cannot be sent safely"),
        ({"id": "../../../etc/passwd"}, "a header value cannot be sent safely"),
    ],
)
def test_what_no_server_would_take_is_refused_here_too(channel, changes, reason):
    """Development finds what production would."""
    assert Refused(reason) == channel.send(message(**changes))


def test_the_folder_must_be_named():
    """By its setting, so that the configuration can say where."""
    with pytest.raises(ValidationError) as error:
        MaildirOptions().load({"path": ""})
    assert ["path"] == list(error.value.messages)
