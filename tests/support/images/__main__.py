"""Have the images that container tests need: `python -m tests.support.images`."""

import sys

from tests.support.images.engine import NoImageError, problem
from tests.support.images.names import all_images


def main() -> int:
    """Pull or make every image, and say which it was."""
    if (why := problem()) is not None:
        sys.stderr.write(f"no images: {why}\n")
        return 1
    try:
        for image in all_images():
            sys.stdout.write(f"{image.tag}: {image.origin}\n")
    except NoImageError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
