"""What an operator may set of the mall."""

from pydantic import Field

from shared.platform.auth.settings import AuthSettings
from shared.platform.settings import ServiceSettings


class MallSettings(ServiceSettings):
    """The mall's settings (JIFEN_...)."""

    auth: AuthSettings = Field(default_factory=AuthSettings)
    mall_pool_size: int = Field(
        default=8,
        ge=1,
        le=100,
        description="Connections to the database: each serves thousands of reads a second.",
    )
