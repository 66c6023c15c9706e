"""Settings that can't be used are named by their variables, and their values are not told."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jifen.stack.errors import StackError
from jifen.stack.settings import StackSettings
from services.notify.settings import NotifySettings
from shared.platform.auth.keys import load_keys
from shared.platform.settings import (
    ServiceSettings,
    SettingsError,
    read_settings,
)

ROOT = Path(__file__).parents[3]
URL = "postgresql://jifen_notify:geheim@127.0.0.1/jifen"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIFEN_DATABASE_URL", URL)
    monkeypatch.setenv("JIFEN_KAFKA_BOOTSTRAP", "127.0.0.1:9092")


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JIFEN_DATABASE_URL")
    with pytest.raises(SettingsError, match=r"^JIFEN_DATABASE_URL: Field required$"):
        read_settings(ServiceSettings)


def test_all_that_is_wrong_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIFEN_HTTP_PORT", "99999")
    monkeypatch.setenv("JIFEN_LOG_LEVEL", "loud")
    with pytest.raises(SettingsError) as caught:
        read_settings(NotifySettings)
    assert "JIFEN_HTTP_PORT: " in str(caught.value)
    assert "JIFEN_LOG_LEVEL: " in str(caught.value)


def test_no_value_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIFEN_WEBHOOK_URL", "ftp://geheim@shop.example")
    with pytest.raises(SettingsError, match=r"^JIFEN_WEBHOOK_URL: expected an address") as caught:
        read_settings(NotifySettings)
    assert "geheim" not in str(caught.value)


def test_keys_of_no_use_are_settings_of_no_use() -> None:
    with pytest.raises(SettingsError, match="JIFEN_AUTH_SECRET"):
        load_keys(read_settings(NotifySettings).auth)


def test_a_password_is_read_from_its_file_each_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text("eins\n")
    monkeypatch.setenv("JIFEN_DATABASE_URL", "postgresql://jifen_mall@127.0.0.1/jifen")
    monkeypatch.setenv("JIFEN_DATABASE_PASSWORD_FILE", str(file))
    settings = read_settings(ServiceSettings).database
    read = settings.password()
    assert read is not None
    assert read() == "eins"
    file.write_text("zwei\r\n")
    assert read() == "zwei"
    assert "zwei" not in repr(settings)


@pytest.mark.parametrize(
    ("held", "why"),
    [(None, "No such file"), (b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe", "no text")],
)
def test_a_file_without_a_password_is_named(
    held: bytes | None, why: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    if held is not None:
        file.write_bytes(held)
    monkeypatch.setenv("JIFEN_DATABASE_URL", "postgresql://jifen_mall@127.0.0.1/jifen")
    monkeypatch.setenv("JIFEN_DATABASE_PASSWORD_FILE", str(file))
    with pytest.raises(SettingsError, match=f"^JIFEN_DATABASE_PASSWORD_FILE: .*{why}") as caught:
        read_settings(ServiceSettings)
    assert "\n" not in str(caught.value)


def test_a_password_in_the_url_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("of somebody else")
    monkeypatch.setenv("JIFEN_DATABASE_PASSWORD_FILE", str(file))
    assert read_settings(ServiceSettings).database.password() is None


def test_a_command_takes_the_owners_password_from_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    monkeypatch.setenv("JIFEN_DATABASE_URL", "postgresql://owner@db:5432/jifen?sslmode=disable")
    monkeypatch.setenv("JIFEN_DATABASE_PASSWORD_FILE", str(file))
    with pytest.raises(StackError, match=r"^JIFEN_DATABASE_PASSWORD_FILE: .*No such file"):
        StackSettings().external_database()
    file.write_text("a/b\n")
    wanted = "postgresql://owner:a%2Fb@db:5432/jifen?sslmode=disable"
    assert StackSettings().external_database() == wanted


def test_a_service_says_so_and_ends() -> None:
    command = [sys.executable, "-m", "services.mall"]
    ended = subprocess.run(
        command, check=False, cwd=ROOT, env={}, capture_output=True, text=True, timeout=50
    )
    assert ended.returncode == 2
    assert json.loads(ended.stderr)["error"] == "JIFEN_DATABASE_URL: Field required"
