"""What schemathesis has to know of an exchange: who asks, and what there is to ask about."""

import json
import os
import urllib.request
import uuid

import schemathesis

BASE = os.environ["CONTRACT_BASE"]
ADMIN_KEY = os.environ["CONTRACT_ADMIN_KEY"]
# Orders and the operator's calls get a market each, so that a halt does not end all trading.
MARKET, SACRIFICE = "AAPL", "GOOG"


def token():
    body = json.dumps({"name": f"fuzz-{uuid.uuid4().hex[:20]}", "password": "correct horse"})
    request = urllib.request.Request(f"{BASE}/api/register", body.encode())
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["token"]


@schemathesis.auth(refresh_interval=300)
class Credentials:
    def get(self, case, context):
        return token()

    def set(self, case, data, context):
        if context.operation.path.startswith("/api/admin/"):
            case.headers["X-Admin-Key"] = ADMIN_KEY
        elif context.operation.path == "/api/logout":
            case.headers["Authorization"] = f"Bearer {token()}"
        else:
            case.headers["Authorization"] = f"Bearer {data}"


def known(name, operation):
    """Most made-up names become one that exists; the same always the same, to be repeatable."""
    if not isinstance(name, str) or len(name) % 4 == 0:
        return name
    return SACRIFICE if operation.path.startswith("/api/admin/") else MARKET


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if path_parameters and "symbol" in path_parameters:
        path_parameters["symbol"] = known(path_parameters["symbol"], context.operation)
    return path_parameters


@schemathesis.hook
def map_body(context, body):
    if context.operation.path == "/api/admin/symbols":
        return body
    orders = body.get("orders", [body]) if isinstance(body, dict) else []
    for order in orders if isinstance(orders, list) else []:
        if isinstance(order, dict) and "symbol" in order:
            order["symbol"] = known(order["symbol"], context.operation)
    return body
