from __future__ import annotations

import time
import urllib.error
import urllib.request
from contextlib import suppress
from unittest import mock

import pytest
import requests
from urllib3 import Timeout

from aftercare_sdk.testing import Asked, Platform, Trouble
from aftercare_sdk.testing.platform import ELSEWHERE

URL = "https://torii.example/orders"


def answer(asked):
    """Answer with what was asked."""
    return 200, {"X-Answered": "yes"}, f"{asked.method} {asked.url}".encode() + asked.body


@pytest.fixture
def platform():
    """A platform at one host."""
    with Platform(["torii.example"], answer) as made:
        yield made


def test_it_answers(platform):
    """Requests of the library come to the author's function, and its answer goes back."""
    told = requests.post(URL, params={"page": "2"}, data="x", timeout=1)
    assert (200, "yes", b"POST https://torii.example/orders?page=2x") == (
        told.status_code,
        told.headers["X-Answered"],
        told.content,
    )
    assert [("POST", b"x")] == [(each.method, each.body) for each in platform.asked]


def test_what_it_was_asked_is_not_shown():
    """Addresses and headers hold credentials."""
    assert "key" not in repr(Asked("GET", "https://torii.example/?key=1", {"key": "2"}, b"key"))


@pytest.mark.parametrize(
    ("trouble", "raised"),
    [(Trouble.UNREACHABLE, requests.ConnectionError), (Trouble.SLOW, requests.ReadTimeout)],
)
def test_no_answer(platform, trouble, raised):
    """Without an answer the library raises what it raises in the field."""
    platform.trouble = lambda _: trouble
    with pytest.raises(raised):
        requests.get(URL, timeout=1)


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (Trouble.BROKEN, 503),
        (Trouble.PAGE, 200),
        (Trouble.THROTTLED, 429),
        (Trouble.DENIED, 401),
        (Trouble.REDIRECT, 302),
        (Trouble.PAGE_404, 404),
    ],
)
def test_a_bad_answer(platform, trouble, status):
    """From the request on from which there is trouble."""
    platform.trouble = lambda number: trouble if number >= 2 else None
    told = [requests.get(URL, timeout=1, allow_redirects=False) for _ in range(3)]
    assert [200, status, status] == [each.status_code for each in told]


def test_who_follows_a_redirect_is_noticed(platform):
    """The library goes where it is sent, and another host is none of the adapter's."""
    platform.trouble = lambda _: Trouble.REDIRECT
    with pytest.raises(requests.ConnectionError):
        requests.get(URL, timeout=1)
    assert (["GET"], [ELSEWHERE]) == ([each.method for each in platform.asked], platform.elsewhere)


def test_the_type_of_an_answer_is_told(platform):
    """A page for people is no JSON by its header either; what does not say has the usual type."""
    usual = requests.get(URL, timeout=1).headers["Content-Type"]
    platform.trouble = lambda _: Trouble.PAGE
    page = requests.get(URL, timeout=1).headers["Content-Type"]
    assert ("application/json", "text/html") == (usual, page)


@pytest.mark.parametrize(
    ("timeout", "bounded"),
    [
        (60, True),
        (61, False),
        (10**6, False),
        (None, False),
        ((5, 60), True),
        ((5, 61), False),
        ((61, 5), False),
        ((5, None), False),
        (Timeout(connect=5, read=60), True),
        (Timeout(connect=5, read=61), False),
        (Timeout(connect=5), False),
        (Timeout(total=60), True),
        (Timeout(total=61), False),
    ],
)
def test_a_minute_is_the_longest_wait(platform, timeout, bounded):
    """Whichever way the library is told how long to wait, for a connection and for an answer."""
    requests.get(URL, timeout=timeout)
    assert bounded is (not platform.boundless)


def test_what_it_notes(platform):
    """Requests without a timeout, requests to others, and how long was slept, which takes no time."""
    requests.get(URL, timeout=None)  # noqa: S113 - the point
    with pytest.raises(requests.ConnectionError):
        requests.get("https://elsewhere.example/", timeout=1)
    time.sleep(900)
    assert ([URL], ["elsewhere.example"], [900]) == (
        [each.url for each in platform.boundless],
        platform.elsewhere,
        platform.slept,
    )


class OverUrllib(Platform):
    """As an author writes it whose adapter does not use requests."""

    def carry(self, stack):
        """Take over from urlopen."""

        def urlopen(request, timeout=None):
            asked = Asked(request.get_method(), request.full_url, dict(request.headers), request.data or b"")
            met = self.meet(asked, timeout=timeout)
            if isinstance(met, Trouble):
                raise urllib.error.URLError(met.value)
            return met[2]

        stack.enter_context(mock.patch.object(urllib.request, "urlopen", urlopen))


def test_another_library():
    """`carry` is all that another library takes, and it ends with the platform."""
    before = urllib.request.urlopen
    with OverUrllib(["torii.example"], answer) as platform:
        told = urllib.request.urlopen(urllib.request.Request(URL), timeout=2)
        platform.trouble = lambda _: Trouble.SLOW
        with pytest.raises(urllib.error.URLError, match="slow"):
            urllib.request.urlopen(urllib.request.Request(URL), timeout=2)
    assert b"GET https://torii.example/orders" == told
    assert before is urllib.request.urlopen


def test_it_ends_whatever_happens():
    """After an error in the block, sleeping takes its time again."""
    before = time.sleep
    with suppress(ZeroDivisionError), Platform(["torii.example"], answer):
        raise ZeroDivisionError
    assert before is time.sleep
