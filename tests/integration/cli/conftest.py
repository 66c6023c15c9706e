"""`jifen` as a person types it, on a test's own database."""

import asyncio
import json
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.integration.stack.command import Command
from tests.support.databases import Database

NOBODY = "127.0.0.1:1"
"""Where no server listens."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Jifen:
    """The command with its servers in the environment."""

    command: Command
    database_url: str
    bootstrap: str = NOBODY

    def at(self, bootstrap: str) -> "Jifen":
        """Return the command with another broker."""
        return replace(self, bootstrap=bootstrap)

    async def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end, whatever that is."""
        return await asyncio.to_thread(
            self.command.run,
            *arguments,
            JIFEN_DATABASE_URL=self.database_url,
            JIFEN_KAFKA_BOOTSTRAP=self.bootstrap,
        )

    async def prints(self, *arguments: str) -> str:
        """Return what it prints; it must end well."""
        done = await self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    async def prints_json(self, *arguments: str) -> Any:
        """Return what it prints as JSON."""
        return json.loads(await self.prints(*arguments, "--json"))

    async def complains(self, *arguments: str, code: int = 1) -> str:
        """Return what it says when it fails, which it must, in words."""
        done = await self.run(*arguments)
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr


@pytest.fixture
def jifen(database: Database, tmp_path: Path) -> Jifen:
    """The command on the test's database, and no broker."""
    return Jifen(command=Command(home=tmp_path / "stack"), database_url=database.dsn())
