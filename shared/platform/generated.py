"""Files that are made from code: written, or held against what the code says."""

import sys
from collections.abc import Mapping
from pathlib import Path


def keep(wanted: Mapping[Path, str], *, check: bool, mend: str = "") -> int:
    """Write files, or with `check` compare them; return the exit status: 1 when one differs.

    Each that is missing or changed is named on standard error, and `mend` says what to do.
    """
    if not check:
        for file, text in wanted.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        return 0
    differing = [
        file
        for file, text in wanted.items()
        if not file.is_file() or file.read_bytes() != text.encode()
    ]
    sys.stderr.writelines(f"{file}: differs from the code{mend}\n" for file in differing)
    return 1 if differing else 0
