"""A platform that is down, slow, throttling, closed to us, or elsewhere: tests of whatever asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from aftercare_sdk.errors import AftercareError, ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.shops import ShopAdapter
from aftercare_sdk.model.sync import Cursor
from aftercare_sdk.testing.given import Given, failed
from aftercare_sdk.testing.platform import ELSEWHERE, LONGEST_TIMEOUT, PAUSE, Platform, Trouble

_MOST_TRIES = 10
_LONGEST_PAUSE = 60
"""Seconds. A worker that waits longer keeps what it has claimed from others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something that an adapter may ask its platform.

    `optional`: it need not ask anything, as with a command that it does not know.
    """

    what: str
    ask: Callable[[], Iterable[object]]
    optional: bool = False


class Troubles(Given):
    """What is wrong with the platform is told as what it is."""

    def test_a_platform_that_is_down_is_asked_again_later(self) -> None:
        """If it fails, an outage deletes orders, or its reads are given up for good."""
        for trouble in (Trouble.UNREACHABLE, Trouble.BROKEN, Trouble.PAGE):
            with self._need_platform() as platform:
                self._all_raise(platform, trouble, PlatformUnavailable)
                platform.trouble = lambda _: None
                for each in self._questions(self._new_adapter()):
                    if not each.optional and not list(each.ask()):
                        failed(f"{each.what} brings nothing although the platform is well again")

    def test_a_slow_platform_is_given_up_in_time(self) -> None:
        """If it fails, one hanging platform holds a worker for ever, and with it every other shop."""
        with self._need_platform() as platform:
            for each in self._questions(self._new_adapter()):
                with suppress(*((Exception,) if each.optional else ())):  # looked at by other tests
                    list(each.ask())
                if platform.boundless:
                    failed(
                        f"{each.what} sets no timeout, or one of more than {LONGEST_TIMEOUT:g} s: a platform "
                        "that does not answer keeps a worker so long"
                    )
            self._all_raise(platform, Trouble.SLOW, PlatformUnavailable)

    def test_a_throttling_platform_is_left_alone(self) -> None:
        """If it fails, the platform locks the shop out, or what was throttled counts as not there."""
        with self._need_platform() as platform:
            self._all_raise(platform, Trouble.THROTTLED, PlatformUnavailable)

    def test_a_denied_access_needs_a_person(self) -> None:
        """If it fails, a withdrawn key is tried for ever, and nobody is told to make a new one."""
        with self._need_platform() as platform:
            self._all_raise(platform, Trouble.DENIED, ConfigurationError)

    def test_a_redirect_is_not_followed(self) -> None:
        """If it fails, the key of the shop is sent on to whatever host an answer names."""
        with self._need_platform() as platform:
            self._all_raise(platform, Trouble.REDIRECT, ConfigurationError, PlatformUnavailable)

    def test_a_page_for_people_is_no_object_that_is_gone(self) -> None:
        """If it fails, a wrong address, or a web server before its shop is up, deletes every order."""
        with self._need_platform() as platform:
            self._all_raise(platform, Trouble.PAGE_404, ConfigurationError, PlatformUnavailable)

    def _all_raise(self, platform: Platform, trouble: Trouble, *expected: type[AftercareError]) -> None:
        """Fail unless every question raises, soon and after few tries."""
        platform.trouble = lambda _: trouble
        names = " or ".join(each.__name__ for each in expected)
        for each in self._questions(self._new_adapter()):
            what = each.what
            platform.asked.clear()
            platform.slept.clear()
            told: list[object] = []
            raised: Exception | None = None
            try:
                told = list(each.ask())
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                raised = error
            if ELSEWHERE in platform.elsewhere:
                failed(
                    f"{what} follows a redirect to another host, with what stands in the request: "
                    "with `requests`, ask with allow_redirects=False"
                )
            if each.optional and not platform.asked:
                continue
            if raised is None:
                kinds = ", ".join(sorted({type(one).__name__ for one in told})) or "nothing"
                failed(f"{what}, while the platform is {trouble}, brought {kinds}: raise {names}")
            if not isinstance(raised, expected):
                failed(
                    f"{what}, while the platform is {trouble}, raised {type(raised).__name__} in place of "
                    f"{names}"
                )
            if len(platform.asked) > _MOST_TRIES:
                failed(f"{what} asks {len(platform.asked)} times while the platform is {trouble}")
            if sum(platform.slept) > _LONGEST_PAUSE:
                failed(
                    f"{what} waits {sum(platform.slept):g} s while the platform is {trouble} (it asked for "
                    f"{PAUSE} s): raise PlatformUnavailable, and the engine asks again later"
                )

    def _questions(self, adapter: ShopAdapter) -> Iterator[Question]:
        """Give what can be asked: the first object of each kind, each stream, and commands of each kind."""
        firsts = {ref.kind: ref for ref in reversed(self._readable())}
        for kind, ref in sorted(firsts.items()):
            yield Question(
                what=f"read ({kind} {ref.id})",
                ask=lambda ref=ref: adapter.read([ref]),  # type: ignore[misc]
            )
        for stream in adapter.streams:
            cursor = Cursor(stream=stream.name)
            yield Question(
                what=f"changes ({stream.name})",
                ask=lambda cursor=cursor: adapter.changes(cursor),  # type: ignore[misc]
            )
        for command in self._commands:
            yield Question(
                what=f"perform ({type(command).__name__})",
                ask=lambda command=command: [adapter.perform(command)],  # type: ignore[misc]
                optional=True,
            )
        yield Question(what="tend", ask=adapter.tend, optional=True)
