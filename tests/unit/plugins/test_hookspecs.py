from __future__ import annotations

import inspect

import pytest

from aftercare_sdk import AftercareHooks
from aftercare_sdk.model.events import EVENT_TYPES
from aftercare_sdk.plugins.check import SPECIFICATIONS


@pytest.mark.parametrize("hook", SPECIFICATIONS)
def test_every_hook_is_documented(hook):
    """The docstrings are the reference."""
    docstring = inspect.getdoc(getattr(AftercareHooks, hook))
    assert docstring
    assert docstring.endswith(".")


def test_every_public_method_is_a_hook():
    """A method of the specification without its mark would be called by nobody."""
    public = [name for name, value in vars(AftercareHooks).items() if callable(value)]
    assert public == list(SPECIFICATIONS)


@pytest.mark.parametrize("hook", SPECIFICATIONS)
def test_every_hook_is_typed(hook):
    """Event hooks take exactly event and context, parts take nothing, so that signatures never change."""
    function = getattr(AftercareHooks, hook)
    signature = inspect.signature(function, eval_str=True)
    assert signature.return_annotation is not signature.empty
    expected = ("event", "ctx") if hook.startswith("on_") else ()
    assert expected == SPECIFICATIONS[hook]


@pytest.mark.parametrize("event", EVENT_TYPES, ids=lambda event: event.kind)
def test_every_event_has_its_hook(event):
    """What happens can be heard of, and the hook names the type of its event."""
    signature = inspect.signature(getattr(AftercareHooks, event.hook), eval_str=True)
    assert event is signature.parameters["event"].annotation


def test_every_event_hook_has_its_event():
    """No hook waits for something that never happens."""
    events = {event.hook for event in EVENT_TYPES}
    assert events == {hook for hook in SPECIFICATIONS if hook.startswith("on_")}
