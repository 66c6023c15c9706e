"""The system as deploy/compose.yaml describes it, driven by the command that operators use."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.platform.clock import monotonic
from tests.e2e.containers import docker

ROOT: Final = Path(__file__).parents[2]
FILE: Final = ROOT / "deploy/compose.yaml"
_START_SECONDS = 300
_LOOK_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Composed:
    """One project of Compose: what it is called, and what its variables are set to."""

    project: str
    variables: Path

    async def __call__(self, *arguments: str, told: str = "") -> str:
        """Run a Compose command to its good end; return what it printed."""
        options = ("--project-name", self.project, "--env-file", str(self.variables))
        code, said = await compose(*options, "--file", str(FILE), *arguments, told=told)
        assert code == 0, f"{arguments}: {said}"
        return said

    async def states(self, form: str) -> dict[str, str]:
        """Return a fact about each container, by its service."""
        label = '{{index .Config.Labels "com.docker.compose.service"}}'
        mine = f"--filter=label=com.docker.compose.project={self.project}"
        _, ids = await docker("ps", "--all", "--quiet", mine)
        code, said = await docker("inspect", f"--format={label} {form}", *ids.split())
        assert code == 0, said
        return dict(line.split(" ", 1) for line in said.splitlines())

    async def until_healthy(self, services: frozenset[str]) -> None:
        """Return once all these services are healthy, which is what Compose calls ready."""
        deadline = monotonic() + _START_SECONDS
        while monotonic() < deadline:
            health = await self.states("{{with .State.Health}}{{.Status}}{{end}}")
            waiting = {name for name in services if health.get(name) != "healthy"}
            if not waiting:
                return
            await asyncio.sleep(_LOOK_SECONDS)
        logs = await self("logs", "--tail=20")
        raise AssertionError(f"not ready in {_START_SECONDS} s:\n{logs}")

    async def leftovers(self) -> list[str]:
        """Return what the engine still has of this project."""
        mine = f"--filter=label=com.docker.compose.project={self.project}"
        kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
        answers = [await docker(*kind, "--quiet", mine) for kind in kinds]
        return " ".join([said for _, said in answers]).split()


def problem() -> str | None:
    """Say why nothing can be composed here, or None."""
    return None if shutil.which("docker-compose") else "there is no `docker-compose` command"


async def compose(*arguments: str, told: str = "") -> tuple[int, str]:
    """Run docker-compose; return its exit code and all it said."""
    process = await asyncio.create_subprocess_exec(
        *("docker-compose", "--ansi=never", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(told.encode())
    assert process.returncode is not None
    return process.returncode, said.decode()


@asynccontextmanager
async def composed(folder: Path, variables: Mapping[str, str]) -> AsyncIterator[Composed]:
    """Give a project of its own, and take it away with all its data in the end."""
    file = folder / "variables"
    file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    project = Composed(project=f"jifen-test-{secrets.token_hex(4)}", variables=file)
    try:
        yield project
    finally:
        await project("down", "--volumes", "--timeout=5")
