"""A Flask application that takes in the webhooks of a shop: `flask --app app run`.

Beside it runs `aftercare work`, which decides and sends.
"""

from __future__ import annotations

from pathlib import Path

from flask import Flask, request

from aftercare_sdk import Aftercare, RawRequest


def create_app(config: Path | str | None = None) -> Flask:
    """Make the application; `config` is the path of aftercare.toml, by default in the current folder."""
    aftercare = Aftercare.from_config(config)
    app = Flask(__name__)
    # Flask refuses what is larger before it is read; what is smaller meets the limit of aftercare.toml.
    app.config["MAX_CONTENT_LENGTH"] = 5_000_000
    app.extensions["aftercare"] = aftercare

    @app.post("/webhooks/<shop>")
    def webhooks(shop: str) -> tuple[str, int]:
        raw = RawRequest(dict(request.headers), request.get_data(), request.path)
        reply = aftercare.receive(shop, raw)
        return reply.body, reply.status

    return app
