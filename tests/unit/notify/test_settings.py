"""Settings of the webhook: an address and a secret, or neither."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.notify.settings import WebhookSettings
from shared.platform.settings import SettingsError

SECRET = "0123456789abcdef" * 2
URL = "https://shop.example/jifen"


def test_without_an_address_there_is_no_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIFEN_WEBHOOK_URL", "")
    assert WebhookSettings().url is None


def test_the_secret_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    monkeypatch.setenv("JIFEN_WEBHOOK_URL", URL)
    monkeypatch.setenv("JIFEN_WEBHOOK_SECRET_FILE", str(file))
    settings = WebhookSettings()
    assert (settings.url, settings.key()) == (URL, SECRET.encode())


@pytest.mark.parametrize(
    "environment",
    [
        {"URL": URL},
        {"URL": URL, "SECRET": SECRET, "SECRET_FILE": "secret"},
        {"URL": "shop.example", "SECRET": SECRET},
        {"URL": "ftp://shop.example", "SECRET": SECRET},
        {"URL": "https://user:word@shop.example", "SECRET": SECRET},
        {"URL": URL, "SECRET": SECRET, "CONCURRENCY": "0"},
    ],
)
def test_half_a_webhook_is_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(f"JIFEN_WEBHOOK_{name}", value)
    with pytest.raises(ValidationError) as refused:
        WebhookSettings()
    assert SECRET not in str(refused.value)
    assert "word" not in str(refused.value)


def test_a_short_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIFEN_WEBHOOK_URL", URL)
    monkeypatch.setenv("JIFEN_WEBHOOK_SECRET", "short")
    with pytest.raises(SettingsError, match="5 bytes, and 32 are needed"):
        WebhookSettings().key()
