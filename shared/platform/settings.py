"""The settings that every service shares, read from the environment with prefix JIFEN_."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

REQUEST_SECONDS: Final = 10.0

LogLevel: TypeAlias = Literal["DEBUG", "INFO", "WARNING", "ERROR"]

S = TypeVar("S", bound=BaseSettings)


class SettingsError(Exception):
    """Settings that nothing can start with; the sentence names the variables and what to do."""


def read_settings(kind: type[S]) -> S:
    """Read settings from the environment; raises SettingsError for all that is wrong with them."""
    try:
        return kind()
    except ValidationError as error:
        raise SettingsError("; ".join(_faults(error))) from None


def _faults(error: ValidationError) -> Iterator[str]:
    """Name each variable that is wrong; what came is not told, it may be a secret."""
    for one in error.errors(include_input=False, include_url=False, include_context=False):
        # Settings are titled with their prefix.
        name = error.title + ("_".join(map(str, one["loc"])).upper() or "*")
        yield f"{name}: {one['msg'].removeprefix('Value error, ')}"


def read_secret(file: Path) -> str:
    """Return what a file holds without the line's end; raises OSError where that is nothing."""
    try:
        secret = file.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise OSError(f"{file} holds no text") from None
    if not secret:
        raise OSError(f"{file} is empty")
    return secret


class DatabaseSettings(BaseSettings):
    """Where PostgreSQL is and how long it may take (JIFEN_DATABASE_...)."""

    model_config = SettingsConfigDict(
        env_prefix="JIFEN_DATABASE_", title="JIFEN_DATABASE_", frozen=True, extra="forbid"
    )

    url: SecretStr = Field(
        description="postgresql:// address, with user, and with password where no file holds it."
    )
    password_file: Path | None = Field(
        default=None,
        description="A file that holds the password of a URL that has none; the line's end is not"
        " part of it. It is read for each connection: a new password needs no restart.",
    )
    connect_timeout_seconds: float = Field(
        default=5.0, gt=0, description="How long one attempt to connect may take."
    )
    command_timeout_seconds: float = Field(
        default=10.0,
        gt=0,
        description="How long the client waits for an answer: above every time-out of the server,"
        " so that it ends the wait for a server that is gone.",
    )
    transaction_timeout_ms: int = Field(
        default=5_000,
        gt=0,
        description="No transaction lives longer; the server ends the session of one that does.",
    )
    statement_timeout_ms: int = Field(
        default=4_500,
        gt=0,
        description="Below the transaction's time-out, which would otherwise hide it: this one"
        " cancels the statement and leaves the session.",
    )

    @field_validator("password_file")
    @classmethod
    def _holds_one(cls, value: Path | None) -> Path | None:
        if value is not None:
            try:
                read_secret(value)
            except OSError as error:
                raise ValueError(str(error)) from None
        return value

    def password(self) -> Callable[[], str] | None:
        """Return what reads the password from its file; None leaves it to the URL."""
        if self.password_file is None or urlsplit(self.url.get_secret_value()).password is not None:
            return None
        return partial(read_secret, self.password_file)


class KafkaSettings(BaseSettings):
    """Where Kafka is (JIFEN_KAFKA_...)."""

    model_config = SettingsConfigDict(
        env_prefix="JIFEN_KAFKA_", title="JIFEN_KAFKA_", frozen=True, extra="forbid"
    )

    bootstrap: str = Field(description="host:port, several separated by commas.", min_length=1)
    request_timeout_ms: int = Field(
        default=10_000,
        gt=0,
        description="How long the broker may take to answer one request before it counts as gone.",
    )
    session_timeout_ms: int = Field(
        default=30_000,
        gt=0,
        description="After how long without a sign of life the group gives a consumer's partitions"
        " to others; the broker's own limits hold (group.min.session.timeout.ms).",
    )


class ServiceSettings(BaseSettings):
    """How a service is reached and how much it says (JIFEN_...); services extend it."""

    model_config = SettingsConfigDict(
        env_prefix="JIFEN_", title="JIFEN_", frozen=True, extra="ignore"
    )

    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    http_host: str = Field(
        default="127.0.0.1", description="Address to listen on; loopback unless told otherwise."
    )
    http_port: int = Field(
        default=0, ge=0, le=65_535, description="Port to listen on; 0 takes a free one."
    )
    http_request_seconds: float = Field(
        default=REQUEST_SECONDS,
        gt=0,
        le=60,
        description="How long a request may take to arrive, headers and body together; a client"
        " that drips holds a connection no longer.",
    )
    drain_seconds: float = Field(
        default=5.0,
        ge=0,
        le=300,
        description="How long a process that was told to stop goes on answering after it said that"
        " it is not ready: longer than whoever spreads requests over processes takes to see it.",
    )
    log_level: LogLevel = Field(default="INFO", description="Least severe level that is logged.")


class ConsumerSettings(ServiceSettings):
    """What a service that writes what it reads from Kafka may be told besides (JIFEN_...)."""

    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    batch_target_seconds: float = Field(
        default=0.05,
        gt=0,
        description="How long a batch may hold its locks; the size of batches adapts to it.",
    )
    batch_start: int = Field(
        default=500, gt=0, description="Records in a batch before anything was learnt."
    )
    abandon_after_days: int = Field(
        default=30, gt=0, description="How long a parked event waits before it counts as abandoned."
    )
