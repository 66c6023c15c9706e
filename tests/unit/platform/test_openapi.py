"""The committed document of every service with routes is what its code says."""

import json
from importlib import import_module

import pytest

from shared.platform.openapi import FOLDER
from tests.unit.auth.test_services import WITH_ROUTES


@pytest.mark.parametrize("service", WITH_ROUTES)
def test_the_committed_document_is_current(service: str) -> None:
    routes = import_module(f"services.{service}.openapi").application()
    committed = (FOLDER / f"{service}.json").read_text(encoding="utf-8")
    assert json.loads(committed) == routes.openapi()
