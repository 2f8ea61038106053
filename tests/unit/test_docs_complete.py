"""Whatever can be used is described in docs/reference, and nothing is described that is not there."""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer

from aftercare_customshop.options import OptionsSchema as CustomShopOptions
from aftercare_sdk import AftercareHooks, actions, errors
from aftercare_sdk.cli.app import app
from aftercare_sdk.config import schemas
from aftercare_sdk.engine.brand import builtin_plugins
from aftercare_sdk.model.actions import ACTION_TYPES, Purpose, Scope
from aftercare_sdk.model.commands import Discount
from aftercare_sdk.model.events import EVENT_TYPES
from aftercare_sdk.model.messages import MessageState
from aftercare_sdk.model.money import Money
from aftercare_sdk.model.premises import PREMISE_BY_KIND
from aftercare_sdk.outreach.channels.maildir import MaildirOptions
from aftercare_sdk.outreach.channels.smtp import SmtpOptions
from aftercare_sdk.outreach.gate import CHECKS
from aftercare_sdk.outreach.reasons import Reason
from aftercare_sdk.outreach.sentences import catalogue
from aftercare_sdk.outreach.variables import VARIABLES
from aftercare_sdk.plugins.check import SPECIFICATIONS, HookManager, declared
from aftercare_sdk.programs.flows import PRESETS, FlowTable
from aftercare_shopify.options import OptionsSchema as ShopifyOptions
from aftercare_woocommerce.options import OptionsSchema as WooCommerceOptions

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
DISTRIBUTIONS = sorted(
    [*ROOT.glob("plugins/*/pyproject.toml"), *ROOT.glob("examples/plugins/*/pyproject.toml")]
)


def page(name):
    """Return the text of a page of the reference, without its code blocks."""
    text = (REFERENCE / name).read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def headings(name):
    """Return what stands in backticks as a heading."""
    return re.findall(r"^#+ `(.+)`$", page(name), re.MULTILINE)


def first_column(name, heading):
    """Return what stands in backticks at the left of the first table under a heading."""
    _, found, below = page(name).partition(f"\n{heading}\n")
    assert found, f"{name} has no heading {heading}"
    section = re.split(r"^#+ ", below, maxsplit=1, flags=re.MULTILINE)[0]
    [table, *_] = [*re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE), ""]
    return re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)


def signature(hook):
    """Return a hook as its heading shows it, without `self`."""
    told = inspect.signature(getattr(AftercareHooks, hook))
    parameters = [f"{each.name}: {each.annotation}" for each in list(told.parameters.values())[1:]]
    return f"{hook}({', '.join(parameters)}) -> {told.return_annotation}"


def test_every_hook_is_a_heading_with_its_exact_arguments():
    """An author copies the heading."""
    assert [signature(hook) for hook in SPECIFICATIONS] == headings("hooks.md")


@pytest.fixture(scope="module")
def implemented():
    """The hooks that shipped plugins implement: built-in ones, those of plugins/ and of examples/."""
    plugins = [source.obj for source in builtin_plugins()]
    before = list(sys.path)
    try:
        for file in DISTRIBUTIONS:
            sys.path[:0] = [str(file.parent), str(file.parent / "src")]
            points = tomllib.loads(file.read_text(encoding="utf-8"))["project"]["entry-points"]["aftercare"]
            plugins += [EntryPoint(name, value, "aftercare").load() for name, value in points.items()]
    finally:
        sys.path[:] = before
    manager = HookManager()
    return {each.hook for plugin in plugins for each in declared(manager, plugin)}


@pytest.mark.parametrize("hook", SPECIFICATIONS)
def test_every_hook_has_a_user(hook, implemented):
    """A hook is shipped together with a plugin that needs it, and that is no demonstration."""
    assert hook in implemented


@pytest.fixture(scope="module")
def tested():
    """The words of all tests but this file."""
    files = [*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/tests/**/test_*.py")]
    texts = [file.read_text(encoding="utf-8") for file in files if file != Path(__file__)]
    return {word for text in texts for word in re.findall(r"\w+", text)}


@pytest.mark.parametrize("hook", SPECIFICATIONS)
def test_every_hook_is_named_in_a_test(hook, tested):
    """A hook that no test names works by accident."""
    assert hook in tested


def test_every_error_is_described():
    """Whoever catches an error finds out when it is raised."""
    assert sorted(errors.__all__) == sorted(headings("errors.md"))


def test_every_event_action_and_premise_is_described():
    """What goes into hooks and what comes out of them."""
    described = [*EVENT_TYPES, *ACTION_TYPES, Discount, Money, Purpose, Scope, *PREMISE_BY_KIND.values()]
    assert [each.__name__ for each in described] == headings("events-and-actions.md")


def test_every_public_action_is_described():
    """`aftercare_sdk.actions` offers nothing but what is described, and the names of the kinds."""
    assert {"Action", "Premise", *headings("events-and-actions.md")} >= set(actions.__all__)


@pytest.mark.parametrize("enum", [Purpose, Scope])
def test_every_purpose_and_scope_is_described(enum):
    """The members, as an author writes them."""
    assert [each.name for each in enum] == first_column("events-and-actions.md", f"## `{enum.__name__}`")


def test_every_field_of_a_message_is_described():
    """SendMessage is what most authors use."""
    own = set(actions.SendMessage.__dataclass_fields__) - set(actions.Action.__dataclass_fields__)
    assert own == set(first_column("events-and-actions.md", "### `SendMessage`"))


def test_every_message_state_is_described():
    """Operators read these words."""
    assert [state.value for state in MessageState] == headings("message-states.md")


def test_final_states_stand_under_their_heading():
    """Which states are final is part of the description."""
    _, _, final = page("message-states.md").partition("\n## Final states\n")
    assert [state.value for state in MessageState if state.final] == re.findall(
        r"^### `(\w+)`$", final, re.MULTILINE
    )


def test_every_reason_is_described():
    """Why a message was not sent can be looked up."""
    assert [reason.value for reason in Reason] == first_column("message-states.md", "## Reasons")


def test_every_check_is_described_in_its_order():
    """The order decides which reason is told."""
    names = [code.removeprefix("check.") for code in catalogue("en") if code.startswith("check.")]
    assert len(CHECKS) == len(names)
    assert names == first_column("message-states.md", "## The checks")


def test_every_variable_of_templates_is_described():
    """A template that uses anything else is refused."""
    assert list(VARIABLES) == first_column("templates.md", "## Variables")


FILE = schemas.FileSchema().load_fields
SECTIONS = {
    "brand": ("## `[brand]`", schemas.BrandSchema),
    "shops": ("## `[shops.<name>]`", schemas.ShopSchema),
    "channels": ("## `[channels.<name>]`", schemas.ChannelSchema),
    "plugins": ("## `[plugins]`", schemas.PluginsSchema),
    "templates": ("## `[templates]`", schemas.TemplatesSchema),
    "consent": ("## `[consent]`", schemas.ConsentSchema),
    "privacy": ("## `[privacy]`", schemas.PrivacySchema),
    "quiet_hours": ("## `[quiet_hours]`", schemas.QuietHoursSchema),
    "budget": ("## `[budget]`", schemas.BudgetSchema),
    "approvals": ("## `[approvals]`", schemas.ApprovalsSchema),
    "database": ("## `[database]`", schemas.DatabaseSchema),
    "server": ("## `[server]`", schemas.ServerSchema),
    "alerts": ("## `[alerts]`", schemas.AlertsSchema),
    "retention": ("## `[retention]`", schemas.RetentionSchema),
    "defaults": ("## `[defaults]`", schemas.DefaultsSchema),
    "doctor": ("## `[doctor]`", schemas.DoctorSchema),
}
TABLES = [
    *SECTIONS.values(),
    ("## `[plugins.<name>]`", schemas.PluginSchema),
    ("### `[brand.legal]`", schemas.LegalSchema),
    ("## `assume_delivered`", schemas.AssumeDeliveredSchema),
    ('### `adapter = "shopify"`', ShopifyOptions),
    ('### `adapter = "woocommerce"`', WooCommerceOptions),
    ('### `adapter = "customshop"`', CustomShopOptions),
    ('### `kind = "smtp"`', SmtpOptions),
    ('### `kind = "maildir"`', MaildirOptions),
]


def test_every_section_is_described():
    """A new section needs a heading, and a place in the list above."""
    assert set(FILE) == set(SECTIONS)


@pytest.mark.parametrize(("heading", "schema"), TABLES, ids=[heading for heading, _ in TABLES])
def test_every_key_is_described(heading, schema):
    """Every key of the configuration has a line, and no line is left of a key that is gone."""
    assert set(schema().load_fields) == set(first_column("configuration.md", heading))


def test_every_setting_of_flows_is_described():
    """The tables of flows are read by the program itself."""
    described = first_column("configuration.md", "### `[plugins.flows.<flow>]`")
    assert set(FlowTable.__dataclass_fields__) == set(described)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_every_preset_is_described(preset):
    """What can be switched on by its name alone."""
    assert f"\n| `{preset.name}` | {preset.anchor} |" in page("configuration.md")


def commands(group, path=("aftercare",)):
    """Yield the name and the options of every command that can be run."""
    for name, command in group.commands.items():
        below = (*path, name)
        if hasattr(command, "commands"):
            yield from commands(command, below)
        if getattr(command, "invoke_without_command", True):
            flags = [option for parameter in command.params for option in parameter.opts]
            yield " ".join(below), {flag for flag in flags if flag.startswith("--")} - {"--help"}


COMMANDS = dict(commands(typer.main.get_command(app)))


def test_every_command_is_described():
    """What `aftercare --help` leads to, and nothing else."""
    assert sorted(COMMANDS) == sorted(headings("commands.md"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_described(command):
    """Every option of every command has a line."""
    assert COMMANDS[command] == set(first_column("commands.md", f"## `{command}`"))


def test_links_between_documents_lead_somewhere():
    """A page that was moved takes its links along."""
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    broken = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8"))
        if not (file.parent / target).exists()
    ]
    assert broken == []
