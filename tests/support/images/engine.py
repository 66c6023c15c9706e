"""The Docker engine, through its command."""

import shutil
import subprocess
from pathlib import Path

from testcontainers.core.config import testcontainers_config


class NoImageError(Exception):
    """An image can neither be pulled nor made here; the sentence says what is missing."""


def problem() -> str | None:
    """Say why there is no engine to ask, or None."""
    if shutil.which("docker") is None:
        return "there is no `docker` command"
    return "no Docker engine answers" if _docker("version").returncode else None


def remove_ourselves() -> None:
    """Have testcontainers start nothing that removes what is left: it would have to be pulled."""
    testcontainers_config.ryuk_disabled = True


def exists(tag: str) -> bool:
    """Tell whether the engine has an image."""
    return _docker("image", "inspect", tag).returncode == 0


def pull(tag: str) -> bool:
    """Fetch an image; False where that can't be done here."""
    return _docker("pull", "--quiet", tag).returncode == 0


def size_mb(tag: str) -> float:
    """Return how large an image is, in millions of bytes."""
    return int(_checked("image", "inspect", "--format", "{{.Size}}", tag)) / 1e6


def build(context: Path, tag: str, *, dockerfile: Path | None = None, **arguments: str) -> None:
    """Make an image of a folder; raises NoImageError with the end of what the engine said."""
    given = [f"--build-arg={name.upper()}={value}" for name, value in arguments.items()]
    file = dockerfile or context / "Dockerfile"
    _checked("build", "--quiet", f"--tag={tag}", f"--file={file}", *given, str(context))


def import_folder(folder: Path, tag: str) -> None:
    """Make an image of a root file system."""
    pack, load = ["tar", "-C", str(folder), "-c", "."], ["docker", "import", "-", tag]
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packing:
        subprocess.run(load, check=True, stdin=packing.stdout, stdout=subprocess.DEVNULL)


def _checked(*arguments: str) -> str:
    done = _docker(*arguments)
    if done.returncode:
        raise NoImageError(f"docker {arguments[0]}: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout


def _docker(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = ["docker", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=900)
