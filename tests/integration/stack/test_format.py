"""A fresh broker formats its storage, whatever id chance gives its cluster."""

import uuid
from pathlib import Path

import pytest

from jifen.stack import kafka
from jifen.stack.jars import fetch
from jifen.stack.java import find_java
from jifen.stack.places import cache_folder

pytestmark = pytest.mark.integration


def test_a_cluster_id_may_begin_with_a_dash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlucky = uuid.UUID(bytes=b"\xf8" * 16)
    monkeypatch.setattr(uuid, "uuid4", lambda: unlucky)
    broker = kafka.Kafka(
        home=tmp_path,
        port=1,
        controller_port=2,
        java=find_java(None),
        class_path=fetch(cache_folder()),
    )
    broker.prepare()
    properties = (tmp_path / "data" / "meta.properties").read_text()
    assert "cluster.id=-Pj4" in properties
