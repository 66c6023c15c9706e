"""docs/api/earn.json, from the routes: `python -m services.earn.openapi [--check]`."""

import sys
from typing import TYPE_CHECKING, cast

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.earn.app import make_app
from shared.platform import openapi
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics

if TYPE_CHECKING:
    from services.earn.api import Counter


def application() -> FastAPI:
    """Return the application over nothing, which lets nobody in: for looking at its routes."""
    nobody = cast("Counter", None)
    return make_app(nobody, Readiness({}), Metrics(CollectorRegistry(), "earn"), None)


if __name__ == "__main__":
    sys.exit(openapi.main("earn", application()))
