"""The stack's own key, and the tokens that `jifen token` prints."""

import stat
from pathlib import Path

import pytest

from jifen.stack import tokens
from shared.platform.auth.principal import Principal
from shared.platform.auth.settings import AuthSettings
from shared.platform.auth.verifier import make_verifier
from tests.integration.stack.command import Command
from tests.support.tokens import SECRET

SERVICE = Principal(role="service", name="shop")


@pytest.fixture
def jifen(tmp_path: Path) -> Command:
    return Command(home=tmp_path)


@pytest.fixture
def with_key(jifen: Command) -> Command:
    tokens.environment(jifen.home)
    return jifen


def believed(home: Path) -> AuthSettings:
    return AuthSettings.model_validate({"secret_file": home / tokens.FILE})


def test_the_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    said = tokens.environment(tmp_path)
    file = tmp_path / tokens.FILE
    assert said["JIFEN_AUTH_SECRET_FILE"] == str(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert tokens.environment(tmp_path) == said
    key = file.read_text()
    tokens.environment(tmp_path)
    assert file.read_text() == key
    assert list(tmp_path.iterdir()) == [file]


def test_what_it_signs_its_services_believe(tmp_path: Path) -> None:
    tokens.environment(tmp_path)
    token = tokens.sign(tmp_path, SERVICE, ttl_seconds=60)
    assert make_verifier(believed(tmp_path)).verify(token.encode()) == SERVICE


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIFEN_AUTH_SECRET", SECRET)
    monkeypatch.setenv("JIFEN_AUTH_AUDIENCE", "jifen")
    said = tokens.environment(tmp_path)
    assert list(tmp_path.iterdir()) == []
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    token = tokens.sign(tmp_path, SERVICE, ttl_seconds=60)
    assert make_verifier(AuthSettings()).verify(token.encode()) == SERVICE


@pytest.mark.parametrize(
    ("arguments", "principal"),
    [
        (["--member", "m-1"], Principal(role="member", name="m-1")),
        (["--service"], Principal(role="service", name="service")),
        (["--operator", "--name", "ann", "--ttl", "5m"], Principal(role="operator", name="ann")),
    ],
)
def test_a_token_is_printed_alone(
    with_key: Command, arguments: list[str], principal: Principal
) -> None:
    done = with_key.run("token", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    token = done.stdout.removesuffix("\n")
    assert make_verifier(believed(with_key.home)).verify(token.encode()) == principal


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--member", "m-1", "--service"],
        ["--member", "a b"],
        ["--member", "m-1", "--name", "m-2"],
        ["--service", "--ttl", "0h"],
        ["--service", "--ttl", "31d"],
        ["--service", "--ttl", "1 h"],
    ],
)
def test_what_is_not_asked_for_rightly_is_not_signed(
    with_key: Command, arguments: list[str]
) -> None:
    done = with_key.run("token", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage" in done.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "there is no key to sign with: start the stack with `jifen up`"),
        ({"JIFEN_AUTH_SECRET": "short"}, "JIFEN_AUTH_SECRET holds a secret of 5 bytes"),
        ({"JIFEN_AUTH_SECRET_FILE": "/nowhere"}, "/nowhere can't be read"),
        ({"JIFEN_AUTH_JWKS_FILE": "/nowhere"}, "public keys, which sign nothing"),
        ({"JIFEN_AUTH_ALGORITHMS": "none"}, "JIFEN_AUTH_ALGORITHMS"),
    ],
)
def test_without_a_secret_it_says_what_to_do(
    jifen: Command, settings: dict[str, str], said: str
) -> None:
    done = jifen.run("token", "--service", **settings)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
