"""Ports: fixed defaults that step aside when somebody else has them."""

import socket
from collections.abc import Collection

from jifen.stack.errors import StackError

_TRIES = 100
HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Tell whether this machine lets us listen on a port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: a port in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def first_free(wanted: int, reserved: Collection[int] = ()) -> int:
    """Return the wanted port, or the next one that nobody has and we have not reserved."""
    for port in range(wanted, min(wanted + _TRIES, 65536)):
        if port not in reserved and is_free(port):
            return port
    raise StackError(f"no free port between {wanted} and {wanted + _TRIES - 1}")
