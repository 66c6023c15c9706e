"""docs/events is what the code says, and a change of the contract shows as a change there."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from shared.contract.generate import main


@pytest.fixture
def published(request: pytest.FixtureRequest) -> Path:
    return request.config.rootpath / "docs" / "events"


def test_nothing_drifted(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["--check", str(published)])
    assert capsys.readouterr().err == ""
    assert status == 0


def test_check_names_what_drifted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    (tmp_path / "README.md").write_text("edited")
    (tmp_path / "asyncapi.yaml").unlink()
    (tmp_path / "schemas" / "old.json").write_bytes(b"\xff")
    assert main(["--check", str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path}/README.md: differs from the contract",
        f"{tmp_path}/asyncapi.yaml: missing",
        f"{tmp_path}/schemas/old.json: left over",
    ]


def test_vectors_hold_without_our_code(published: Path) -> None:
    document = json.loads((published / "fingerprints.json").read_text(encoding="utf-8"))
    assert len(document["vectors"]) > len(list((published / "schemas").rglob("*.json")))
    for vector in document["vectors"]:
        told = vector["canonical"].encode()
        assert sha256(b"\x01" + told).hexdigest() == vector["sha256"]
        parsed = json.loads(told)
        compact = json.dumps(parsed, ensure_ascii=False, separators=(",", ":"))
        assert compact.encode() == told
        assert parsed[0] == vector["type"]
