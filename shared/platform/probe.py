"""Ask an address whether it answers: `python -m shared.platform.probe URL`, for health checks."""

import socket
import sys

_PATIENCE_SECONDS = 2.5


def main(url: str) -> int:
    """Return 0 where an http:// address answers with success, else 1 after saying why."""
    try:
        said = _status_line(url)
    except (OSError, ValueError) as error:
        said = str(error)
    if said.partition(" ")[2].startswith("2"):
        return 0
    sys.stderr.write(f"{url}: {said}\n")
    return 1


def _status_line(url: str) -> str:
    # By hand: the library's client takes longer to import than all else, and every container of
    # ours is asked every few seconds for ever.
    place, _, path = url.removeprefix("http://").partition("/")
    host, _, port = place.partition(":")
    with socket.create_connection((host, int(port)), timeout=_PATIENCE_SECONDS) as connection:
        connection.sendall(f"GET /{path} HTTP/1.0\r\nHost: {place}\r\n\r\n".encode())
        return connection.makefile("rb").readline(1_000).decode("latin-1").strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
