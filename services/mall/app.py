"""The mall's composition root: what it is made of, in which order it starts and stops."""

import asyncio

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from services.mall.api import Reader, make_routes
from services.mall.settings import MallSettings
from services.mall.store import MallStore
from shared.platform.auth.verifier import Verifier, make_verifier
from shared.platform.health import Readiness
from shared.platform.http import create_app, serving
from shared.platform.metrics import Metrics
from shared.platform.postgres import create_pool
from shared.platform.process import installed_version

# The version of the interface, which changes when the interface does.
API_VERSION = "1.0.0"


def make_app(
    reader: Reader, readiness: Readiness, metrics: Metrics, verifier: Verifier | None
) -> FastAPI:
    """Make the application over a reader; without a verifier it lets nobody in."""
    return create_app(
        readiness, metrics, version=API_VERSION, routes=make_routes(reader), verifier=verifier
    )


async def serve(settings: MallSettings, stop: asyncio.Event) -> None:
    """Answer until `stop` is set; a database that is not there yet is answered with 503.

    Raises KeysError where the settings name no key to check tokens with.
    """
    verifier = make_verifier(settings.auth)
    metrics = Metrics(CollectorRegistry(), "mall", version=installed_version())
    pool = create_pool(
        settings.database, application_name="jifen-mall", max_size=settings.mall_pool_size
    )
    async with pool:
        store = MallStore(pool, metrics)
        app = make_app(store, Readiness({"database": store.check}), metrics, verifier)
        async with serving(app, settings):
            await stop.wait()
