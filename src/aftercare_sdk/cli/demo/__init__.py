"""`aftercare demo`: real webhooks come in over HTTP, mails go out over SMTP, and a page shows them."""

from __future__ import annotations
