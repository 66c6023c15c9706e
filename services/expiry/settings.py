"""Settings of expiry."""

from pydantic import Field

from shared.platform.auth.settings import AuthSettings
from shared.platform.settings import ServiceSettings


class ExpirySettings(ServiceSettings):
    """What expiry may be told besides where things are (JIFEN_...)."""

    auth: AuthSettings = Field(default_factory=AuthSettings)
    expiry_workers: int = Field(
        default=2,
        ge=1,
        le=16,
        description="Connections that sweep and remind, each a part of the members at a time; with"
        " two, one decides while the database works for the other.",
    )
    expiry_page_target_seconds: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="How long a page may hold its members' locks; the size of pages adapts to it.",
    )
    expiry_gives_way: bool = Field(
        default=True,
        description="Whether the sweep rests where other work makes its pages take long; nobody"
        " waits for it.",
    )
    expiry_remind_from_hour: int = Field(
        default=9,
        ge=0,
        le=23,
        description="The hour of the program's zone from which a day's reminders are planned:"
        " nobody is told at midnight.",
    )
    expiry_drain_seconds: float = Field(
        default=10.0, gt=0, description="How long pages in flight may take to finish after SIGTERM."
    )
