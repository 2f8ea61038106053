"""The domains that mails come from: what SPF, DKIM and DMARC say of them in DNS."""

from __future__ import annotations

from aftercare_sdk.engine.checkup.senders.domains import check_senders

__all__ = ["check_senders"]
