"""Write the OpenAPI document to docs/api/expiry.json, or check that it is what the code says.

python -m services.expiry.openapi [--check]
"""

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from typing_extensions import override

from services.expiry.api import Runs
from services.expiry.app import make_app
from services.expiry.store import Run
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics

PATH = Path(__file__).parents[2] / "docs" / "api" / "expiry.json"


def application() -> FastAPI:
    """Return the application over no data, which lets nobody in: for looking at its routes."""
    return make_app(_Nothing(), Readiness({}), Metrics(CollectorRegistry(), "expiry"), None)


def document() -> str:
    """Return the document as it is committed."""
    return json.dumps(application().openapi(), indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write or check; returns the exit status."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="change nothing, exit 1 on drift")
    if arguments.parse_args().check:
        if PATH.exists() and PATH.read_text(encoding="utf-8") == document():
            return 0
        sys.stderr.write(
            f"{PATH} is not what the code says: run python -m services.expiry.openapi\n"
        )
        return 1
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(document(), encoding="utf-8")
    return 0


class _Nothing(Runs):
    """Nobody asks it: only the routes' shapes are wanted."""

    @override
    async def request(self, as_of: date | None, by: str) -> Run:
        raise LookupError(by)


if __name__ == "__main__":
    sys.exit(main())
