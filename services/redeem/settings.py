"""Settings of redeem."""

from pydantic import Field

from shared.platform.auth.settings import AuthSettings
from shared.platform.settings import ConsumerSettings


class RedeemSettings(ConsumerSettings):
    """What redeem may be told besides where things are (JIFEN_...)."""

    auth: AuthSettings = Field(default_factory=AuthSettings)
    redeem_pool_size: int = Field(
        default=4, ge=1, le=100, description="Connections for quotes and for looking things up."
    )
    call_seconds: float = Field(
        default=5.0,
        gt=0,
        le=60,
        description="How long a caller waits for its command to be committed before it is told to"
        " come again.",
    )
    reservation_seconds: int = Field(
        default=900,
        gt=0,
        le=86_400,
        description="How long a reservation is held for its confirmation; requests from Kafka that"
        " are older than this are rejected.",
    )
    open_reservations: int = Field(
        default=3, gt=0, le=100, description="Reservations that one member may hold at a time."
    )
    release_seconds: float = Field(
        default=1.0, gt=0, description="How often reservations whose time is over are looked for."
    )
