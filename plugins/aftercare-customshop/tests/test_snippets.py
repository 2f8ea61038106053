"""The JavaScript that the wire format shows, where it can be run; its Python runs with the docs."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from aftercare_customshop.signing import signed
from aftercare_sdk.engine.clock import SystemClock

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "customshop-wire-format.md"
PROGRAM = """
const asked = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const told = asked.map(([secret, headers, body]) => isSigned(secret, headers, Buffer.from(body, "base64")));
console.log(JSON.stringify(told));
"""


def test_verifying_in_javascript(secret, other_secret, tmp_path):
    """A shop's developer copies it: it takes what is signed, and nothing else."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed here, so the JavaScript of the docs cannot be run")
    page = PAGE.read_text(encoding="utf-8")
    [snippet] = re.findall(r"^```js\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "verify.js").write_text(snippet + PROGRAM, encoding="utf-8")
    request = signed(secret, {"type": "order.get", "data": {"id": "急須"}}, SystemClock().now())
    headers = dict(request.headers)
    late = {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}
    several = {**headers, "webhook-signature": f"v1a,x {headers['webhook-signature']}"}
    tries = [
        (secret, headers, request.body),
        (secret, several, request.body),
        (secret.removeprefix("whsec_"), headers, request.body),
        (other_secret, headers, request.body),
        (secret, headers, request.body + b" "),
        (secret, late, request.body),
        (secret, {**headers, "webhook-timestamp": "x"}, request.body),
        (secret, {**headers, "webhook-signature": "v1"}, request.body),
        (secret, {}, request.body),
    ]
    told = json.dumps([(key, names, base64.b64encode(body).decode()) for key, names, body in tries])
    run = subprocess.run(
        [node, tmp_path / "verify.js"], input=told, capture_output=True, text=True, check=False
    )
    assert "" == run.stderr
    assert [True, True, True, *[False] * 6] == json.loads(run.stdout)
