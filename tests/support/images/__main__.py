"""Have the images that container tests need: `python -m tests.support.images`."""

import os
import sys
from collections.abc import Callable

from shared.platform.clock import monotonic
from tests.support.images import names
from tests.support.images.engine import NoImageError, problem
from tests.support.images.names import Image


def main() -> int:
    """Pull or make every image, and say which it was and how long it took.

    Ends with 69 where this machine has no engine or can have none of the images to build on, and
    with 1 where our own can't be built on them.
    """
    if (why := problem()) is not None:
        sys.stderr.write(f"no images: {why}\n")
        return os.EX_UNAVAILABLE
    if not all(_had(one) for one in (names.base, names.kafka, names.postgres)):
        return os.EX_UNAVAILABLE
    return 0 if _had(names.jifen) else 1


def _had(image: Callable[[], Image]) -> bool:
    began = monotonic()
    try:
        found = image()
    except NoImageError as error:
        sys.stderr.write(f"{error}\n")
        return False
    sys.stdout.write(f"{found.tag}: {found.origin} ({monotonic() - began:.0f} s)\n")
    sys.stdout.flush()
    return True


if __name__ == "__main__":
    sys.exit(main())
