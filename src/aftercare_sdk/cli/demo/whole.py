"""The two parts of the demo as one: shops that live, and what a real store once sent."""

from __future__ import annotations

from dataclasses import dataclass

from aftercare_sdk.cli.demo.living import Living
from aftercare_sdk.cli.demo.report import Mail, Report, report
from aftercare_sdk.cli.demo.shops import ShopKind
from aftercare_sdk.cli.demo.steps import Step, platform, steps
from aftercare_sdk.cli.demo.story import Story
from aftercare_sdk.cli.words import Speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """Everything that the demo shows. `lived` and `recorded` are the reports of its two parts.

    `left_out`: kinds of shops for which something is not installed.
    """

    living: Living
    steps: tuple[Step, ...]
    lived: Report
    recorded: Report
    speaker: Speaker
    left_out: tuple[ShopKind, ...] = ()

    @property
    def mails(self) -> tuple[Mail, ...]:
        """All mails, those of the living shop first."""
        return (*self.lived.mails, *self.recorded.mails)

    @property
    def told(self) -> int:
        """How many webhooks the shops had to send."""
        return sum(one.sent.webhooks for one in self.living.happened)

    @property
    def lost(self) -> int:
        """How many of them never left."""
        return sum(one.sent.webhooks for one in self.living.happened if not one.sent.statuses)

    @property
    def posted(self) -> int:
        """How many requests the shops made, with those that were made twice."""
        return sum(len(one.sent.statuses) for one in self.living.happened)

    def lead(self) -> str:
        """Return what there is to see in the first part, in words."""
        several = "、" if self.speaker.lang == "ja" else ", "
        platforms = several.join(platform(shop.platform, self.speaker) for shop in self.living.shops)
        return self.lived.say("demo.living.lead", platforms=platforms, told=self.told, lost=self.lost)

    def missing(self) -> tuple[str, ...]:
        """Return a line for each shop that is left out, with the command that adds it."""
        return tuple(
            self.lived.say(
                "demo.left_out", platform=platform(kind.platform, self.speaker), command=kind.command
            )
            for kind in self.left_out
        )


def whole(living: Living, recorded: Story, speaker: Speaker, left_out: tuple[ShopKind, ...] = ()) -> Whole:
    """Put both parts into words. Raises Bug if the books of one and its mails do not agree."""
    lived = report(living.story, speaker)
    return Whole(
        living=living,
        steps=steps(living, lived),
        lived=lived,
        recorded=report(recorded, speaker),
        speaker=speaker,
        left_out=left_out,
    )
