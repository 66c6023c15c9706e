"""Running the `jifen` command for a stack in a folder of the test's own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """`jifen` with one stack's folder."""

    home: Path

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[str]:
        """Start a command and leave it to run."""
        # The rest of the environment goes along: PATH and the cache folder are the machine's.
        mine = {"JIFEN_HOME": str(self.home), "JIFEN_SERVICES": "none", **settings}
        return subprocess.Popen(
            [sys.executable, "-m", "jifen.cli.main", *arguments],
            cwd=PROJECT,
            env={**os.environ, **mine},  # noqa: TID251  # handed on, not read
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        with self.start(*arguments, **settings) as process:
            said, complained = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, said, complained)

    def up(self, **settings: str) -> None:
        """Bring the stack up."""
        done = self.run("up", **settings)
        assert done.returncode == 0, done.stderr

    def status(self) -> tuple[int, dict[str, Any]]:
        """Return what `status --json` exits with and prints."""
        done = self.run("status", "--json")
        return done.returncode, json.loads(done.stdout)
