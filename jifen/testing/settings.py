"""What says through the environment where the tests' system runs."""

from typing import Final, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

KAFKA_IMAGE: Final = "apache/kafka:4.4.0"
POSTGRES_IMAGE: Final = "postgres:18"


class BackendSettings(BaseSettings):
    """Where a `JifenStack` runs unless its maker says so (JIFEN_TEST_...)."""

    model_config = SettingsConfigDict(
        env_prefix="JIFEN_TEST_", title="JIFEN_TEST_", frozen=True, env_ignore_empty=True
    )

    backend: Literal["embedded", "testcontainers"] = Field(
        default="embedded",
        description="`embedded` wants nothing but a checkout; `testcontainers` a Docker engine.",
    )
    image: str = Field(default="jifen", description="The image of Jifen, as `make image` tags it.")
    kafka_image: str = Field(default=KAFKA_IMAGE, description="The broker's image.")
    postgres_image: str = Field(default=POSTGRES_IMAGE, description="The database's image.")
