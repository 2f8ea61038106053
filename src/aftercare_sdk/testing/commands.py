"""What is done on the platform: tests of `perform` and `tend`."""

from __future__ import annotations

import pytest

from aftercare_sdk.errors import CommandRefused, ConfigurationError, PlatformUnavailable
from aftercare_sdk.model.commands import Receipt, ShopCommand
from aftercare_sdk.testing.given import Given, failed


class Commands(Given):
    """What was done once is not done again, and a connection is looked after."""

    def test_a_command_can_be_repeated(self) -> None:
        """If it fails, a retry makes a second code for one reward, or takes what is done for refused."""
        with self._need_platform():
            done = [command for command in self._commands if self._is_done(command)]
        if not done:
            pytest.skip(
                f"the adapter of {type(self).__name__} carries out no command on the platform that `answer` "
                "plays"
            )

    def test_a_connection_is_looked_after(self) -> None:
        """If it fails, what the platform has switched off stays off, and nobody is told."""
        with self._need_platform() as platform:
            adapter = self._new_adapter()
            try:
                told: tuple[object, ...] = tuple(adapter.tend())
            except (ConfigurationError, PlatformUnavailable) as error:
                pytest.skip(
                    f"tend of the adapter of {type(self).__name__} raised {type(error).__name__}: the "
                    "platform that `answer` plays does not tell how the connection is"
                )
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                failed(
                    f"tend raised {type(error).__name__}: say what is amiss in words, and raise "
                    "PlatformUnavailable or ConfigurationError if the platform does not tell"
                )
        for sentence in told:
            if not isinstance(sentence, str) or not sentence.strip():
                failed(f"tend told a {type(sentence).__name__}, or an empty one: tell sentences")
        if not told and not platform.asked:
            pytest.skip(f"the adapter of {type(self).__name__} has no connection to look after: `tend`")

    def _is_done(self, command: ShopCommand) -> bool:
        """Carry a command out twice, if the platform takes it; fail unless the second time finds the first.

        What a request does on a platform cannot be told from outside: a second POST may make a second coupon,
        or be known by its key. So the platform's own name for what came of it must be the same.
        """
        what = f"perform ({type(command).__name__})"
        try:
            first: object = self._new_adapter().perform(command)
        except (CommandRefused, ConfigurationError, PlatformUnavailable):
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            failed(
                f"{what} raised {type(error).__name__}: raise CommandRefused for what the platform never "
                "does, and otherwise PlatformUnavailable or ConfigurationError"
            )
        try:
            # Another process, which remembers nothing.
            second: object = self._new_adapter().perform(command)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            failed(
                f"{what} was carried out, and raised {type(error).__name__} when it was repeated: find what "
                "is there"
            )
        for receipt in (first, second):
            if not isinstance(receipt, Receipt):
                failed(f"{what} returned a {type(receipt).__name__}: return a Receipt")
        names = {receipt.reference for receipt in (first, second) if isinstance(receipt, Receipt)} - {""}
        if len(names) > 1:
            failed(f"{what}, twice the same, has another `reference` each time: find what is there")
        return True
