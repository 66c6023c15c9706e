"""What a person may say about the stack through the environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from jifen.stack.errors import StackError
from jifen.stack.roles import with_password
from shared.platform.settings import read_secret

PROJECT = Path(__file__).resolve().parents[2]


class StackSettings(BaseSettings):
    """How this checkout's stack is made (JIFEN_...)."""

    model_config = SettingsConfigDict(
        env_prefix="JIFEN_", frozen=True, extra="ignore", env_ignore_empty=True
    )

    home: Path = Field(
        default=PROJECT / ".jifen", description="Folder of the stack's state, data and logs."
    )
    kafka_bootstrap: str | None = Field(
        default=None, description="A Kafka to use instead of starting one: host:port."
    )
    database_url: SecretStr | None = Field(
        default=None, description="A PostgreSQL to use instead: URL of an owner of roles."
    )
    database_password_file: Path | None = Field(
        default=None, description="A file that holds that owner's password."
    )
    postgres_user: str = Field(
        default="nobody", description="Whom PostgreSQL runs as when root starts the stack."
    )
    earn_processes: int = Field(
        default=1, ge=1, le=8, description="Earn processes; more than partitions would idle."
    )
    webhook_secret: SecretStr = Field(
        default=SecretStr(""), description="What notify signs with; no other process is told."
    )
    services: Annotated[tuple[str, ...], NoDecode] = Field(
        default=("earn", "redeem", "expiry", "notify", "relay", "mall", "audit"),
        description="Services to run, separated by commas; `none` for the servers alone.",
    )
    java_home: Path | None = Field(
        default=None, validation_alias="JAVA_HOME", description="A Java to look at first."
    )

    def external_database(self) -> str | None:
        """Return the URL of a PostgreSQL to use instead, with its password; StackError without."""
        url = None if self.database_url is None else self.database_url.get_secret_value()
        if url is None or self.database_password_file is None:
            return url
        try:
            return with_password(url, read_secret(self.database_password_file))
        except OSError as error:
            raise StackError(f"JIFEN_DATABASE_PASSWORD_FILE: {error}") from None

    @field_validator("services", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return () if value == "none" else tuple(value.split(","))

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()
