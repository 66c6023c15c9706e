"""The OpenAPI document of a service as a file: written, or held against what the code says."""

import argparse
import json
import sys
from pathlib import Path

from fastapi import FastAPI

FOLDER = Path(__file__).parents[2] / "docs" / "api"


def main(service: str, application: FastAPI) -> int:
    """Write or check docs/api/SERVICE.json as the command line asks; returns the exit status."""
    arguments = argparse.ArgumentParser(
        prog=f"python -m services.{service}.openapi",
        description=f"Write docs/api/{service}.json from the routes of the service.",
    )
    arguments.add_argument("--check", action="store_true", help="change nothing, exit 1 on drift")
    path = FOLDER / f"{service}.json"
    document = json.dumps(application.openapi(), indent=2, ensure_ascii=False) + "\n"
    if not arguments.parse_args().check:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(document, encoding="utf-8")
        return 0
    if path.exists() and path.read_text(encoding="utf-8") == document:
        return 0
    sys.stderr.write(f"{path} is not what the code says: run {arguments.prog}\n")
    return 1
