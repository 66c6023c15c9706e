"""Containers that tests run, and their end."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager


async def docker(*arguments: str) -> tuple[int, str]:
    """Run a docker command; return its exit code and all it said."""
    process = await asyncio.create_subprocess_exec(
        *("docker", *arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def run_once(image: str, *arguments: str, **options: str) -> tuple[int, str]:
    """Run a container to its end."""
    given = [f"--{name}={value}" for name, value in options.items()]
    return await docker("run", "--rm", *given, image, *arguments)


@asynccontextmanager
async def running(
    image: str, *arguments: str, environment: Mapping[str, str]
) -> AsyncIterator[str]:
    """Run a container on this machine's network, its root read-only; yield its id."""
    variables = [f"--env={name}={value}" for name, value in environment.items()]
    options = ("--detach", "--network=host", "--read-only", *variables)
    code, said = await docker("run", *options, image, *arguments)
    assert code == 0, said
    container = said.strip().splitlines()[-1]
    try:
        yield container
    finally:
        await docker("rm", "--force", "--volumes", container)
