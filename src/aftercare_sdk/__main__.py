"""Run the command line with `python -m aftercare_sdk`."""

from __future__ import annotations

from aftercare_sdk.cli import main

main()
