"""The OpenAPI document of a service as a file: written, or held against what the code says."""

import argparse
import json
from pathlib import Path

from fastapi import FastAPI

from shared.platform.generated import keep

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
    check: bool = arguments.parse_args().check
    return keep({path: document}, check=check, mend=f", run {arguments.prog}")
