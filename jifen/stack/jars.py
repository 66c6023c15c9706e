"""Kafka's jars: fetched once by `jgo` into the user's cache, each held against our lock.

The lock (`kafka.lock`) names every jar with its SHA-256, so nothing is resolved on a user's
machine: what was tested is what runs, and a second start needs no network.
`python -m jifen.stack.jars` resolves anew and prints a lock.
"""

import fcntl
import hashlib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import requests
from jgo.maven import Artifact, MavenContext
from jgo.parse import Coordinate

from jifen.stack.errors import StackError

# Nothing that imports a BOM may be resolved beside Kafka: with log4j-slf4j-impl there, the
# resolver silently took kafka-clients 3.9.1. Hence slf4j-simple for the logs.
WANTED = ("org.apache.kafka:kafka_2.13:4.4.0", "org.slf4j:slf4j-simple:1.7.36")
LOCK = Path(__file__).with_name("kafka.lock")
_TRIES = 3
_CONNECTIONS = 6
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Jar:
    """One line of the lock."""

    group: str
    artifact: str
    version: str
    sha256: str

    def in_maven(self, context: MavenContext) -> Artifact:
        """Return jgo's name for it."""
        return context.project(self.group, self.artifact).at_version(self.version).artifact()


def read_lock() -> list[Jar]:
    """Return the jars in the order of the class path."""
    jars = []
    for line in LOCK.read_text().splitlines():
        if line and not line.startswith("#"):
            coordinate, sha256 = line.split()
            group, artifact, version = coordinate.split(":")
            jars.append(Jar(group=group, artifact=artifact, version=version, sha256=sha256))
    return jars


def fetch(cache: Path, progress: Callable[[int, int], None] = lambda _done, _all: None) -> str:
    """Return Kafka's class path, fetching what the cache lacks; `progress(done, all)` is told."""
    folder = cache / "jars"
    folder.mkdir(parents=True, exist_ok=True)
    jars = read_lock()
    context = MavenContext(repo_cache=folder, timeout=_TIMEOUT_SECONDS)
    paths = []
    with _only_one(folder), ThreadPoolExecutor(_CONNECTIONS) as threads:
        for done, path in enumerate(threads.map(lambda jar: _get(jar, context), jars), start=1):
            paths.append(str(path))
            progress(done, len(jars))
    return ":".join(paths)


def _get(jar: Jar, context: MavenContext) -> Path:
    """Return a verified jar; what a broken download left behind is thrown away and tried anew."""
    why = ""
    for _ in range(_TRIES):
        artifact = jar.in_maven(context)
        try:
            path = artifact.resolve()
        except (requests.RequestException, RuntimeError, OSError) as error:
            # Its kind alone: the rest of its words names hosts.
            why = type(error).__name__
            _drop(artifact.cached_path)
            continue
        if _sha256(path) == jar.sha256:
            return path
        why = "another SHA-256 than the lock says"
        _drop(path)
    raise StackError(
        f"could not fetch {jar.artifact} {jar.version} for Kafka ({why}): try again with a "
        "network, or set JIFEN_KAFKA_BOOTSTRAP to a broker of yours"
    )


def _drop(path: Path | None) -> None:
    if path is not None:
        path.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let one process at a time fill the cache."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _resolve(cache: Path) -> list[str]:
    """Resolve what Kafka needs and return the lines of a lock."""
    context = MavenContext(repo_cache=cache / "jars", timeout=_TIMEOUT_SECONDS)
    wanted = [
        context.create_dependency(replace(Coordinate.parse(name), scope="compile"))
        for name in WANTED
    ]
    given, needed = context.resolver.resolve(wanted)
    found = [*given, *(one for one in needed if one.scope in {"compile", "runtime"})]
    return [
        f"{one.groupId}:{one.artifactId}:{one.version} {_sha256(one.artifact.resolve())}"
        for one in found
    ]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        sys.stdout.write("# Kafka's class path: group:artifact:version SHA-256\n")
        sys.stdout.writelines(f"{line}\n" for line in _resolve(Path(scratch)))
