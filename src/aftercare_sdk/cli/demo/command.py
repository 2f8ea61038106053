"""`aftercare demo`: watch orders become planned, explained and sent messages, whatever gets lost."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from aftercare_sdk.cli import output
from aftercare_sdk.cli.opening import Json
from aftercare_sdk.cli.timeline import Language
from aftercare_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from aftercare_sdk.cli.words import Speaker

_PLUGIN = "woocommerce"
_EXTRAS = {"aiosmtpd": "demo", "starlette": "server", "uvicorn": "server"}
"""Modules that the demo imports, and the extra that brings each."""


def demo(
    *,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Write the page with the mails to a file, and end.")
    ] = False,
    lang: Annotated[
        Language | None, typer.Option(help="The language; without it, that of your environment.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run shops that lose webhooks, post what a real WooCommerce store sent, and show what comes of both.

    Everything happens on this machine: the shops, the server and the mail trap listen on loopback, the clock
    is virtual, the databases are temporary files. At a terminal the page with the mails is served until
    Ctrl-C.
    """
    _require_all()
    language = lang.value if lang else _language(os.environ)
    _run(language, as_json=as_json, serve=output.is_terminal() and not (no_serve or as_json))


def _run(language: str, *, as_json: bool, serve: bool) -> None:
    from aftercare_sdk.cli.demo import figures
    from aftercare_sdk.cli.demo.living import SCENES, live
    from aftercare_sdk.cli.demo.page import render
    from aftercare_sdk.cli.demo.shops import kinds
    from aftercare_sdk.cli.demo.story import ZONE, play
    from aftercare_sdk.cli.demo.whole import whole
    from aftercare_sdk.cli.words import Speaker
    from aftercare_sdk.plugins import find_plugins
    from aftercare_woocommerce.samples import webhooks

    began = time.monotonic()
    speaker = Speaker(language, ZoneInfo(ZONE))
    samples = list(webhooks())
    installed = {source.name for source in find_plugins()}
    shops = [kind for kind in kinds() if kind.can_open(installed)]
    left_out = tuple(kind for kind in kinds() if kind not in shops)
    with _temporary_folder() as folder:
        with output.progress(speaker.word("demo.living.working"), len(SCENES)) as done:
            living = live(shops, folder, progress=done)
        with output.progress(speaker.word("demo.working"), len(samples)) as done:
            story = play(samples, folder, progress=done)
    told = whole(living, story, speaker, left_out)
    page = render(told)
    if serve:
        figures.show(told)
        _serve(page, speaker)
        return
    path = _write(page)
    seconds = time.monotonic() - began
    if as_json:
        output.write_json(figures.to_json(told, path, seconds))
    else:
        figures.show(told)
        output.write(_placed(speaker, str(path)))


def _serve(page: str, speaker: Speaker) -> None:
    """Serve the page until somebody presses Ctrl-C."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import HTMLResponse
    from starlette.routing import Route

    from aftercare_sdk.web.devmail.paper import POLICY
    from aftercare_sdk.web.serve import Endpoint

    async def mails(request: Request) -> HTMLResponse:
        del request
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})

    with Endpoint(Starlette(routes=[Route("/", mails)]), "127.0.0.1", 0) as endpoint:
        output.write(_placed(speaker, endpoint.url))
        output.write(speaker.word("demo.stop"))
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(60)


def _placed(speaker: Speaker, place: str) -> str:
    from aftercare_sdk.engine.timeline import Told

    return speaker.say(Told(code="demo.place", values={"place": place}))


def _write(page: str) -> Path:
    """Write the page into a folder of its own, which stays."""
    try:
        path = Path(tempfile.mkdtemp(prefix="aftercare-demo-")) / "mails.html"
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise _no_room(error) from None
    return path


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="aftercare-demo-", ignore_cleanup_errors=True)
    except OSError as error:
        raise _no_room(error) from None
    with folder as path:
        yield Path(path)


def _no_room(error: OSError) -> ConfigurationError:
    why = error.strerror or "no usable folder"
    return ConfigurationError(
        f"the demo cannot write to a temporary folder ({why}); set TMPDIR to a folder with room"
    )


def _language(environ: Mapping[str, str]) -> str:
    """Return the language of an environment, the way locales are looked up (POSIX)."""
    chosen = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "ja" if chosen.lower().startswith("ja") else "en"


def _require_all() -> None:
    """Raise ConfigurationError, with the command that mends it, if something is not installed."""
    from aftercare_sdk.plugins import find_plugins

    extras = sorted({extra for module, extra in _EXTRAS.items() if find_spec(module) is None})
    wanted = [f'"aftercare-sdk[{",".join(extras)}]"'] if extras else []
    if not any(source.name == _PLUGIN for source in find_plugins()):
        wanted.append("aftercare-woocommerce")
    if wanted:
        raise ConfigurationError(f"the demo needs what is not installed; run: pip install {' '.join(wanted)}")
