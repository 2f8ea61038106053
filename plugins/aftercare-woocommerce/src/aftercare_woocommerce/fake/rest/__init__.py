"""The REST API of a fake shop: what each collection answers, by its name, and what all have in common."""

from __future__ import annotations
