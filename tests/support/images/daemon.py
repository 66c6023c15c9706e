"""Run a command with a Docker engine: `python -m tests.support.images.daemon COMMAND …`.

The engine that answers is used. Where none does, root on Linux with `dockerd` installed gets one
for as long as the command runs; its images stay in the user's cache for the next time.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from jifen.stack.places import cache_folder
from shared.platform.clock import monotonic
from tests.support.images import engine

UNAVAILABLE: Final = os.EX_UNAVAILABLE
"""What this ends with where no engine can be had; else with what the command ended with."""

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 30


def main() -> int:
    """Run the command that the arguments are."""
    if engine.problem() is None:
        return subprocess.run(sys.argv[1:], check=False).returncode
    if (why := _hindrance()) is not None:
        sys.stderr.write(f"no containers here: {why}\n")
        return UNAVAILABLE
    with tempfile.TemporaryDirectory(prefix="jifen-docker-") as place, _engine(Path(place)) as told:
        if told is None:
            return UNAVAILABLE
        environment = {**os.environ, **told}  # noqa: TID251  # handed on, not read
        return subprocess.run(sys.argv[1:], check=False, env=environment).returncode


def _hindrance() -> str | None:
    """Say why no engine can be started here, or None."""
    for wanted in ("docker", "dockerd"):
        if shutil.which(wanted) is None:
            return f"no Docker engine answers, and `{wanted}` is not installed to start one"
    if sys.platform != "linux" or os.geteuid() != 0:
        return "no Docker engine answers, and only root on Linux can start one for the tests"
    if any(process.info["name"] == "dockerd" for process in psutil.process_iter(["name"])):
        return "a `dockerd` runs and does not answer: say in DOCKER_HOST where it listens"
    return None


@contextmanager
def _engine(place: Path) -> Iterator[Mapping[str, str] | None]:
    """Run an engine; yield the variables that lead to it, or None where it does not start."""
    host = f"unix://{place}/docker.sock"
    command = [
        *("dockerd", "--host", host, "--pidfile", str(place / "pid")),
        *("--data-root", str(cache_folder() / "docker"), "--exec-root", str(place / "exec")),
    ]
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    told = {"DOCKER_HOST": host}
    try:
        up = _answers(process, told)
        if not up:
            _complain(place / "log")
        yield told if up else None
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # What containers on the machine's own network were given, the engine leaves mounted.
        for left in (place / "exec" / "netns").glob("*"):
            command = ["umount", str(left)]
            subprocess.run(command, check=False)


def _answers(process: "subprocess.Popen[bytes]", told: Mapping[str, str]) -> bool:
    deadline = monotonic() + _START_SECONDS
    environment = {**os.environ, **told}  # noqa: TID251  # handed on, not read
    while process.poll() is None and monotonic() < deadline:
        command = ["docker", "version"]
        asked = subprocess.run(command, check=False, capture_output=True, env=environment)
        if asked.returncode == 0:
            return True
    return False


def _complain(log: Path) -> None:
    said = log.read_text(errors="replace").splitlines()
    sys.stderr.write("no containers here: `dockerd` does not start; it said last:\n")
    sys.stderr.write("\n".join(said[-5:]) + "\n")


if __name__ == "__main__":
    sys.exit(main())
