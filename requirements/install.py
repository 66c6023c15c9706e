"""Install a lock into this interpreter's environment, quietly, saying how long it takes.

`python requirements/install.py LOCK [--project]`. Runs before anything is installed, so it uses
the standard library alone. pip's own words name package indexes, which are nobody's business
here: it is quiet, and what it says when it fails is cleaned of them.
"""

import contextlib
import re
import subprocess
import sys
import time
from pathlib import Path

_PIP = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
_ADDRESS = re.compile(r"https?://[^\s/'\",)]+|host='[^']*'")


def main() -> int:
    """Install the lock, then the project itself when asked to."""
    lock = Path(sys.argv[1])
    count = lock.read_text().count("==")
    status = _run(
        f"Installing {count} packages of {lock}",
        [*_PIP, "--no-input", "--require-hashes", "--requirement", str(lock)],
    )
    if status == 0 and "--project" in sys.argv:
        status = _run(
            "Installing the project itself",
            # Without isolation: the build backend is in the lock, and nothing else is fetched.
            [*_PIP, "--no-input", "--no-build-isolation", "--no-deps", "--editable", "."],
        )
    return status


def _run(title: str, command: list[str]) -> int:
    began = time.monotonic()
    process = subprocess.Popen(  # noqa: S603  # our own words alone
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said = None
    while said is None:
        _show(f"\r{title} … {time.monotonic() - began:.0f} s")
        with contextlib.suppress(subprocess.TimeoutExpired):
            said, _ = process.communicate(timeout=0.5)
    _show("\r\033[K")
    sys.stdout.write(f"{title} ({time.monotonic() - began:.0f} s)\n")
    if process.returncode != 0:
        sys.stderr.write(_ADDRESS.sub("(the package index)", said))
    return process.returncode


def _show(text: str) -> None:
    if sys.stdout.isatty():
        sys.stdout.write(text)
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
