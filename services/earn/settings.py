"""Settings of earn."""

from pydantic import Field

from shared.platform.settings import DatabaseSettings, KafkaSettings, ServiceSettings


class EarnSettings(ServiceSettings):
    """What earn may be told besides where things are (JIFEN_...)."""

    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
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
