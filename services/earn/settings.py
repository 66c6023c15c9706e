"""Settings of earn."""

from pydantic import Field

from shared.platform.auth.settings import AuthSettings
from shared.platform.settings import ConsumerSettings


class EarnSettings(ConsumerSettings):
    """What earn may be told besides where things are (JIFEN_...)."""

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
