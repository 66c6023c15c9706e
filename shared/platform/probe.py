"""Ask an address whether it answers: `python -m shared.platform.probe URL`, for health checks."""

import sys
from urllib.request import urlopen

_PATIENCE_SECONDS = 2.5


def main(url: str) -> int:
    """Return 0 where the address answers with success, else 1 after saying why."""
    try:
        with urlopen(url, timeout=_PATIENCE_SECONDS):  # noqa: S310 - an address of our own
            return 0
    except OSError as error:
        sys.stderr.write(f"{url}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
