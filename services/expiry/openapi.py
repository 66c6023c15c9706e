"""docs/api/expiry.json, from the routes: `python -m services.expiry.openapi [--check]`."""

import sys
from datetime import date

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from typing_extensions import override

from services.expiry.api import Runs
from services.expiry.app import make_app
from services.expiry.store import Run
from shared.platform import openapi
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics


def application() -> FastAPI:
    """Return the application over no data, which lets nobody in: for looking at its routes."""
    return make_app(_Nothing(), Readiness({}), Metrics(CollectorRegistry(), "expiry"), None)


class _Nothing(Runs):
    """Nobody asks it: only the routes' shapes are wanted."""

    @override
    async def request(self, as_of: date | None, by: str) -> Run:
        raise LookupError(by)


if __name__ == "__main__":
    sys.exit(openapi.main("expiry", application()))
