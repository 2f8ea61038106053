"""A platform that is down, slow, throttling, or closed to us: tests of `read` and `changes`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from aftercare_sdk.errors import AftercareError, ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.shops import ShopAdapter
from aftercare_sdk.model.sync import Cursor
from aftercare_sdk.testing.given import Given, failed
from aftercare_sdk.testing.platform import PAUSE, Platform, Trouble

_MOST_TRIES = 10
_LONGEST_PAUSE = 60
"""Seconds. A worker that waits longer keeps what it has claimed from others."""

Question = tuple[str, Callable[[], Iterable[object]]]


class Troubles(Given):
    """What is wrong with the platform is told as what it is."""

    def test_a_platform_that_is_down_is_asked_again_later(self) -> None:
        """If it fails, an outage deletes orders, or its reads are given up for good."""
        for trouble in (Trouble.UNREACHABLE, Trouble.BROKEN, Trouble.PAGE):
            with self._need_platform() as platform:
                self._all_raise(platform, trouble, PlatformUnavailable)
                platform.trouble = lambda _: None
                for what, ask in self._questions(self._new_adapter()):
                    if not list(ask()):
                        failed(f"{what} brings nothing although the platform is well again")

    def test_a_slow_platform_is_given_up_in_time(self) -> None:
        """If it fails, one hanging platform holds a worker for ever, and with it every other shop."""
        with self._need_platform() as platform:
            for what, ask in self._questions(self._new_adapter()):
                list(ask())
                if platform.boundless:
                    failed(f"{what} sets no timeout: a platform that never answers is waited for for ever")
            self._all_raise(platform, Trouble.SLOW, PlatformUnavailable)

    def test_a_throttling_platform_is_left_alone(self) -> None:
        """If it fails, the platform locks the shop out, or what was throttled counts as not there."""
        with self._need_platform() as platform:
            self._all_raise(platform, Trouble.THROTTLED, PlatformUnavailable)

    def test_a_denied_access_needs_a_person(self) -> None:
        """If it fails, a withdrawn key is tried for ever, and nobody is told to make a new one."""
        with self._need_platform() as platform:
            self._all_raise(platform, Trouble.DENIED, ConfigurationError)

    def _all_raise(self, platform: Platform, trouble: Trouble, expected: type[AftercareError]) -> None:
        """Fail unless every question raises, soon and after few tries."""
        platform.trouble = lambda _: trouble
        for what, ask in self._questions(self._new_adapter()):
            platform.asked.clear()
            platform.slept.clear()
            try:
                told = list(ask())
            except expected:
                pass
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                failed(
                    f"{what}, while the platform is {trouble}, raised {type(error).__name__} in place of "
                    f"{expected.__name__}"
                )
            else:
                kinds = ", ".join(sorted({type(one).__name__ for one in told})) or "nothing"
                failed(f"{what}, while the platform is {trouble}, brought {kinds}: raise {expected.__name__}")
            if len(platform.asked) > _MOST_TRIES:
                failed(f"{what} asks {len(platform.asked)} times while the platform is {trouble}")
            if sum(platform.slept) > _LONGEST_PAUSE:
                failed(
                    f"{what} waits {sum(platform.slept):g} s while the platform is {trouble} (it asked for "
                    f"{PAUSE} s): raise PlatformUnavailable, and the engine asks again later"
                )

    def _questions(self, adapter: ShopAdapter) -> Iterator[Question]:
        """Give what can be asked: the first object of each kind, and each stream."""
        firsts = {ref.kind: ref for ref in reversed(self._readable())}
        for kind, ref in sorted(firsts.items()):
            yield f"read ({kind} {ref.id})", lambda ref=ref: adapter.read([ref])  # type: ignore[misc]
        for stream in adapter.streams:
            cursor = Cursor(stream=stream.name)
            yield f"changes ({stream.name})", lambda cursor=cursor: adapter.changes(cursor)  # type: ignore[misc]
