"""docs/api/earn.json, from the routes: `python -m services.earn.openapi [--check]`."""

import sys

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from typing_extensions import override

from services.earn.adjusting import Adjustment
from services.earn.api import Counter
from services.earn.app import make_app
from services.earn.bodies import AdjustedBody, CartBody, ImportedBody, PreviewBody
from services.earn.importing import Import
from shared.platform import openapi
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics


def application() -> FastAPI:
    """Return the application over nothing, which lets nobody in: for looking at its routes."""
    return make_app(_Nobody(), Readiness({}), Metrics(CollectorRegistry(), "earn"), None)


class _Nobody(Counter):
    """Nobody asks it: only the routes' shapes are wanted."""

    @override
    async def preview(self, cart: CartBody) -> PreviewBody:
        raise LookupError

    @override
    async def adjust(self, wanted: Adjustment) -> tuple[AdjustedBody, bool]:
        raise LookupError

    @override
    async def import_rows(self, told: Import, *, dry_run: bool) -> ImportedBody:
        raise LookupError


if __name__ == "__main__":
    sys.exit(openapi.main("earn", application()))
