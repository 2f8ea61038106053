"""Whatever stands in a configuration, it gives settings or says what is wrong."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from aftercare_sdk.config import as_of, canonical, parse, resolve_tree, schemas, version_of
from aftercare_sdk.errors import SettingsError

LEAVES = (
    st.text(max_size=20)
    | st.sampled_from(["ja", "Asia/Tokyo", "JP", "3 days", "sqlite:///a.db", "postgresql://db/x", "A"])
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.datetimes()
    | st.datetimes(timezones=st.timezones())
    | st.dates()
    | st.times()
)
KEYS = st.sampled_from(
    sorted(
        {
            "env",
            "file",
            "$secret",
            "_schema",
            *(
                key
                for schema in (
                    schemas.BrandSchema,
                    schemas.ShopSchema,
                    schemas.ChannelSchema,
                    schemas.PluginSchema,
                    schemas.PluginsSchema,
                    schemas.DefaultsSchema,
                    schemas.AssumeDeliveredSchema,
                    schemas.ServerSchema,
                    schemas.DatabaseSchema,
                    schemas.DoctorSchema,
                )
                for key in schemas.keys(schema)
            ),
        }
    )
) | st.text(max_size=10)
VALUES = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=5),
    max_leaves=15,
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=5)
NAMES = st.sampled_from(["main", "email", "flows", "disabled", "My Shop"]) | st.text(max_size=5)
NAMED = st.dictionaries(NAMES, TABLES | LEAVES, max_size=3)
SECTIONS = {"shops": NAMED, "channels": NAMED, "plugins": NAMED} | dict.fromkeys(
    ("brand", "database", "server", "defaults", "doctor", "templates"), TABLES | LEAVES
)
GOOD = {
    "brand": {"name": "Hibi", "zone": "Asia/Tokyo"},
    "shops": {"main": {"adapter": "x", "secrets": [{"env": "A"}]}},
}


def outcome(tree):
    """Return the settings, or None after checking that the problems are proper lines."""
    problems = ("none",)
    settings = None
    try:
        settings = parse(tree)
    except SettingsError as error:
        problems = error.problems
    assert (settings is not None) == (problems == ("none",))
    assert [] == [
        line for line in problems if len(line.splitlines()) != 1 or (not settings and "; " not in line)
    ]
    return settings


@given(st.dictionaries(st.sampled_from(sorted(SECTIONS)) | KEYS, VALUES, max_size=6))
def test_any_mapping(tree):
    """Any mapping that TOML could hold gives settings or a list of problems, and nothing else."""
    outcome(tree)


@given(st.fixed_dictionaries({}, optional=SECTIONS))
def test_mapping_of_the_right_shape(sections):
    """So does any mapping whose sections are named as they should be."""
    outcome(sections)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), TABLES, max_size=3), TABLES)
def test_options_survive_canonical_form_and_resolving(plugins, options):
    """Whatever options are accepted can be written as a version, brought back and searched for secrets."""
    shops = {"main": {**options, "adapter": "x", "secrets": [{"env": "A"}]}}
    settings = outcome({**GOOD, "shops": shops, "plugins": plugins})
    if settings is None:
        return
    json.loads(canonical(settings))
    assert settings == as_of(version_of(settings, settings.plugin("none").starts_at), settings)
    for plugin in settings.plugins.values():
        resolve_tree(plugin.section, {})
