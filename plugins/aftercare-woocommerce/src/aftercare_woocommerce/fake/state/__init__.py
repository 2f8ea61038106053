"""What a fake shop keeps, a module for each kind of thing, and how WooCommerce tells it.

Keys, types and order are those of the recordings.
"""

from __future__ import annotations
