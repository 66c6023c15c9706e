"""What an operator may set of the relay."""

from pydantic import Field

from shared.platform.settings import KafkaSettings, ServiceSettings


class RelaySettings(ServiceSettings):
    """The relay's settings (JIFEN_...)."""

    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    relay_page_rows: int = Field(
        default=2_000,
        ge=1,
        le=2_000,
        description="Rows read, published and deleted at a time; at 64 KB each that is memory.",
    )
    relay_drain_seconds: float = Field(
        default=10.0,
        gt=0,
        description="How long the page in flight may take to finish after SIGTERM.",
    )
