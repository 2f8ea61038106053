"""Mails for developers' eyes: a trap that catches them, and a page that shows them, for demo and `--dev`."""

from __future__ import annotations
