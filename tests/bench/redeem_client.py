"""The compiled client: built when a bench wants it, skipped with the reason where not."""

import asyncio
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.tokens import token

SOURCE = Path(__file__).parent / "client"


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a run of the client came to; latencies in microseconds."""

    statuses: dict[str, int]
    seconds: float
    p50_us: int
    p99_us: int
    most_us: int
    cpu_share: float

    @property
    def made(self) -> int:
        return self.statuses.get("201", 0)

    @property
    def per_second(self) -> float:
        return self.made / self.seconds


@dataclass(frozen=True, kw_only=True)
class Client:
    """The program, and the file that says who asks."""

    program: Path
    callers: Path

    async def load(
        self, url: str, *, prefix: str, connections: int, seconds: int, rate: int = 0
    ) -> Load:
        arguments = [urlsplit(url).netloc, str(self.callers), "mug", prefix]
        process = await asyncio.create_subprocess_exec(
            self.program,
            *arguments,
            *map(str, (connections, seconds, rate)),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        assert process.returncode == 0, "the client failed, see above"
        return Load(**json.loads(out))


async def make_client(folder: Path, members: list[str]) -> Client:
    go = shutil.which("go")
    if go is None:
        pytest.skip("the client of this bench is written in Go, and there is no `go` here")
    program, callers = folder / "client", folder / "callers"
    building = await asyncio.create_subprocess_exec(go, "build", "-o", program, ".", cwd=SOURCE)
    assert await building.wait() == 0
    callers.write_text("\n".join(f"{name} {token('member', name)}" for name in members))
    return Client(program=program, callers=callers)
