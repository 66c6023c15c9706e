"""docs/api/notify.json, from the routes: `python -m services.notify.openapi [--check]`."""

import sys
from typing import TYPE_CHECKING, cast

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.notify.app import make_app
from shared.platform import openapi
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics

if TYPE_CHECKING:
    from services.notify.api import Marks


def application() -> FastAPI:
    """Return the application over nothing, which lets nobody in: for looking at its routes."""
    nobody = cast("Marks", None)
    return make_app(nobody, Readiness({}), Metrics(CollectorRegistry(), "notify"), None)


if __name__ == "__main__":
    sys.exit(openapi.main("notify", application()))
