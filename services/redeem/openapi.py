"""docs/api/redeem.json, from the routes: `python -m services.redeem.openapi [--check]`."""

import sys
from typing import TYPE_CHECKING, cast

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.redeem.app import make_app
from shared.platform import openapi
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics

if TYPE_CHECKING:
    from services.redeem.api import Counter


def application() -> FastAPI:
    """Return the application over nothing, which lets nobody in: for looking at its routes."""
    nobody = cast("Counter", None)
    return make_app(nobody, Readiness({}), Metrics(CollectorRegistry(), "redeem"), None)


if __name__ == "__main__":
    sys.exit(openapi.main("redeem", application()))
