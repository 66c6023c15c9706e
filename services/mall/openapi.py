"""Write the OpenAPI document to docs/api/mall.json, or check that it is what the code says.

python -m services.mall.openapi [--check]
"""

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from typing_extensions import override

from services.mall.api import Reader
from services.mall.app import make_app
from services.mall.domain.account import Account, Entry
from services.mall.domain.catalogue import Band, Redemption, Reward, Used
from services.mall.domain.cursors import Place
from shared.platform.health import Readiness
from shared.platform.metrics import Metrics

PATH = Path(__file__).parents[2] / "docs" / "api" / "mall.json"


def application() -> FastAPI:
    """Return the application over no data, which lets nobody in: for looking at its routes."""
    return make_app(_Nothing(), Readiness({}), Metrics(CollectorRegistry(), "mall"), None)


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
        sys.stderr.write(f"{PATH} is not what the code says: run python -m services.mall.openapi\n")
        return 1
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(document(), encoding="utf-8")
    return 0


class _Nothing(Reader):
    """Nobody asks it: only the routes' shapes are wanted."""

    @override
    async def account(self, member_id: str) -> Account:
        raise LookupError(member_id)

    @override
    async def entries(self, member_id: str, *, below_seq: int, limit: int) -> list[Entry]:
        raise LookupError(member_id)

    @override
    async def expired(self, member_id: str, *, below_seq: int, limit: int) -> list[Entry]:
        raise LookupError(member_id)

    @override
    async def entry_of_cause(self, member_id: str, cause: str) -> Entry | None:
        raise LookupError(member_id)

    @override
    async def rewards(self, band: Band, *, after: int, limit: int) -> list[Reward]:
        raise LookupError(band)

    @override
    async def used(self, member_id: str, since: date) -> Used:
        raise LookupError(member_id)

    @override
    async def redemptions(
        self, member_id: str, *, status: str | None, before: Place | None, limit: int
    ) -> list[Redemption]:
        raise LookupError(member_id)


if __name__ == "__main__":
    sys.exit(main())
