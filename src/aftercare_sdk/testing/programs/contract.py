"""The tests that hold for every program."""

from __future__ import annotations

from aftercare_sdk.testing.programs.answers import Answers
from aftercare_sdk.testing.programs.forgotten import Forgotten
from aftercare_sdk.testing.programs.purity import Purity
from aftercare_sdk.testing.programs.times import Times
from aftercare_sdk.testing.programs.undone import Undone


class ProgramContract(Answers, Purity, Times, Undone, Forgotten):
    """What every program keeps, as tests. Subclass it in a test module, with your plugin and its section.

    ```python
    from aftercare_sdk.testing import ProgramContract
    from late_parcel import LateParcel


    class TestLateParcel(ProgramContract):
        plugin = LateParcel()
        name = "late-parcel"
        section = {"shops": ["main"], "days": 7}
    ```

    To give:

    - `plugin`: the object that your entry point names.

    To give where it applies:

    - `section`: what a shop writes under `[plugins.<name>]`, as it stands in the file. It must make every
      hook decide something; for what excludes each other, write a class for each.
    - `name`: the name of your entry point, if the plugin has no attribute `name` that says the same.
    - `shop`: how the shop is called in which everything happens; a second one is always `second`.
    - `currencies`: those in which orders are made. The first one is tried most.
    - `channels`: the names under `[channels]` that your messages use.
    - `templates`: those that the shop brings, beside the SDK's and your own.
    - `samples`: further events with their contexts, by name, if a hook waits for something that the contract
      does not bring. The configuration in the context is always that of `section`.
    - `about_refunds`: labels of messages that are to leave although everything was given back. Those that
      `on_refund` and `on_cancellation` plan themselves need not be named.
    """
