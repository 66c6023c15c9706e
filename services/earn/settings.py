"""Settings of earn."""

from pydantic import Field

from shared.platform.auth.settings import AuthSettings
from shared.platform.settings import DatabaseSettings, KafkaSettings, ServiceSettings


class EarnSettings(ServiceSettings):
    """What earn may be told besides where things are (JIFEN_...)."""

    database: DatabaseSettings = Field(default_factory=DatabaseSettings)
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    auth: AuthSettings = Field(default_factory=AuthSettings)
    earn_pool_size: int = Field(
        default=4, ge=1, le=100, description="Connections for previews of what a cart would earn."
    )
    adjust_daily_points: int = Field(
        default=10_000,
        ge=0,
        le=10**15,
        description="Points that one operator may give and take by hand in a day of the program's"
        " zone, both counted; 0 allows none.",
    )
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
