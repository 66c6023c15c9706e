"""CPU seconds of the parts of a deployment, so that a shortfall has an address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part and the processes it is: those that are given, and their children."""

    name: str
    pids: Sequence[int]

    def seconds(self) -> float:
        return sum(_seconds(psutil.Process(pid)) for pid in self.pids)


def listening(port: int) -> int:
    """Return the process that listens on a port of this machine."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and tuple(connection.laddr)[1:] == (port,):
            assert connection.pid is not None
            return connection.pid
    raise LookupError(f"nobody listens on port {port}")


def measure(parts: Sequence[Part]) -> Mapping[str, float]:
    return {part.name: part.seconds() for part in parts}


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    own = times.user + times.system + times.children_user + times.children_system
    alive = [child.cpu_times() for child in process.children(recursive=True)]
    return float(own + sum(child.user + child.system for child in alive))
