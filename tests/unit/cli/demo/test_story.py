from __future__ import annotations

import shutil
import socket
import threading
from datetime import timedelta
from email import message_from_bytes, policy
from importlib.resources import files

import pytest
import requests

from aftercare_sdk.cli.demo import story as story_module
from aftercare_sdk.cli.demo.story import AFTERWARDS, play
from aftercare_sdk.errors import Bug, ConfigurationError, TransientError

SHIPPED = files("aftercare_sdk.outreach") / "templates"


def subjects(story):
    """Return the subjects of the mails as they arrived."""
    return [str(message_from_bytes(one.content, policy=policy.default)["Subject"]) for one in story.mails]


def test_real_requests_become_real_mails(story, recordings):
    """Every recording was answered, and each mail came over SMTP."""
    assert [sample.name for sample in recordings] == [one.name for one in story.posted if not one.again]
    assert {200, 202} == {one.status for one in story.posted}
    assert ["346", "349"] == [subject.partition("番号 ")[2].rstrip("）") for subject in subjects(story)]


def test_the_clock_begins_with_the_first_recording_and_goes_sixty_days_on(story, recordings):
    """Nothing is told in the time of the machine."""
    assert recordings[0].received_at == story.began_at
    assert recordings[-1].received_at == story.last_webhook_at
    assert story.last_webhook_at + AFTERWARDS == story.ended_at


def test_every_tenth_delivery_is_posted_again(story):
    """Right after the first time; pings do not count and are not repeated."""
    again = [place for place, one in enumerate(story.posted) if one.again]
    signed = [one for one in story.posted if not one.again and one.outcome != "ping"]
    assert len(signed) // 10 == len(again)
    assert all(story.posted[place].name == story.posted[place - 1].name for place in again)
    assert {"seen before", "stored"} >= {story.posted[place].outcome for place in again}


def test_a_changed_template_changes_the_mail(recordings, tmp_path):
    """Nothing is canned: the subject and both bodies are those of the folder."""
    templates = tmp_path / "templates"
    shutil.copytree(str(SHIPPED), templates)
    (templates / "ja" / "thank-you.subject.liquid").write_text("Changed {{ order.number }}")
    (templates / "ja" / "thank-you.html.liquid").write_text("<p>Other words</p>")
    told = play(recordings, tmp_path, templates=templates)
    assert ["Changed 346", "Changed 349"] == subjects(told)
    assert all(b"<p>Other words</p>" in one.content for one in told.mails)


def test_a_recording_that_lies_before_the_one_ahead_does_not_turn_the_clock_back(recordings, tmp_path):
    """One of the recordings does; time goes on all the same."""
    first, second = recordings[:2]
    late = second.received_at + timedelta(seconds=30)
    told = play([first, type(second)(**fields_of(second, received_at=late)), second], tmp_path)
    assert late == told.last_webhook_at


def fields_of(sample, **changes):
    """Return the fields of a recording, some of them changed."""
    names = ("name", "received_at", "secret", "request")
    return {name: getattr(sample, name) for name in names} | changes


def test_progress_counts_the_recordings(recordings, tmp_path):
    """One call for each, the last one with their number."""
    seen = []
    play(recordings[:5], tmp_path, progress=seen.append)
    assert [1, 2, 3, 4, 5] == seen


def test_what_was_started_is_stopped(recordings, tmp_path, monkeypatch):
    """Also when a step fails: no thread and no open door is left."""
    before = set(threading.enumerate())
    doors = []
    post = requests.Session.post

    def fail(session, url, **options):
        doors.append(url)
        if len(doors) > 3:
            raise requests.ConnectionError("refused")
        return post(session, url, **options)

    monkeypatch.setattr(requests.Session, "post", fail)
    with pytest.raises(TransientError, match=r"did not answer webhook 004-order-restored-ping \(Connection"):
        play(recordings, tmp_path)
    assert set(threading.enumerate()) <= before
    port = int(doors[0].split(":")[2].split("/")[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_a_refused_recording_is_a_mistake(recordings, tmp_path):
    """A signature that does not fit its body is answered 401, and the demo says so."""
    sample = next(one for one in recordings if "X-WC-Webhook-Signature" in one.request.headers)
    broken = type(sample.request)(headers=sample.request.headers, body=sample.request.body + b" ")
    with pytest.raises(Bug, match="answered 401: bad signature"):
        play([type(sample)(**fields_of(sample, request=broken))], tmp_path)


def test_other_installed_plugins_have_no_part_in_it(recordings, tmp_path, monkeypatch):
    """What they want to be configured is not the demo's matter."""
    others = (*story_module.find_plugins(), story_module.find_plugins()[0].__class__(name="x", obj=object()))
    monkeypatch.setattr(story_module, "find_plugins", lambda: others)
    assert 2 == len(play(recordings[:2], tmp_path).posted)


def test_a_template_folder_that_is_not_there_is_a_mistake_in_the_configuration(recordings, tmp_path):
    """Not a traceback."""
    with pytest.raises(ConfigurationError, match="no such folder"):
        play(recordings[:2], tmp_path, templates=tmp_path / "nowhere")
