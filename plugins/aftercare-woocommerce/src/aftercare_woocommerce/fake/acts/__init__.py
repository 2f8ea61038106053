"""What customers and staff do in a fake shop: what changes, what moves dates, what is announced."""

from __future__ import annotations
