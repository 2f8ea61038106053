"""aftercare.toml: read, checked as a whole, and versioned. `schemas` describes every key."""

from __future__ import annotations

from aftercare_sdk.config.load import FILE_NAME, VARIABLE, load, parse
from aftercare_sdk.config.schemas import CHANNEL_KEYS, PLUGIN_KEYS, SHOP_KEYS
from aftercare_sdk.config.secrets import Secret, resolve_tree
from aftercare_sdk.config.sections import validate_section
from aftercare_sdk.config.settings import (
    NO_QUIET_HOURS,
    Alerts,
    Approvals,
    AssumeDelivered,
    Brand,
    Budget,
    ChannelConfig,
    Database,
    Defaults,
    Doctor,
    Legal,
    PluginSettings,
    QuietHours,
    Retention,
    Server,
    Settings,
    ShopSettings,
)
from aftercare_sdk.config.versions import (
    ConfigVersion,
    as_of,
    canonical,
    digest,
    in_force,
    section_digest,
    sectioned,
    version_of,
)

__all__ = [
    "CHANNEL_KEYS",
    "FILE_NAME",
    "NO_QUIET_HOURS",
    "PLUGIN_KEYS",
    "SHOP_KEYS",
    "VARIABLE",
    "Alerts",
    "Approvals",
    "AssumeDelivered",
    "Brand",
    "Budget",
    "ChannelConfig",
    "ConfigVersion",
    "Database",
    "Defaults",
    "Doctor",
    "Legal",
    "PluginSettings",
    "QuietHours",
    "Retention",
    "Secret",
    "Server",
    "Settings",
    "ShopSettings",
    "as_of",
    "canonical",
    "digest",
    "in_force",
    "load",
    "parse",
    "resolve_tree",
    "section_digest",
    "sectioned",
    "validate_section",
    "version_of",
]
