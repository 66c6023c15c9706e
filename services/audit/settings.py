"""Settings of the audit."""

from pydantic import Field

from shared.platform.settings import ServiceSettings


class AuditSettings(ServiceSettings):
    """What the audit may be told besides where things are (JIFEN_...)."""

    audit_share: float = Field(
        default=0.03,
        gt=0,
        le=1,
        description="The part of its time that it reads; the rest it rests, so that a busy database"
        " slows the audit down and not the other way round.",
    )
    audit_page_target_seconds: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="How long a page of members may take; the size of pages adapts to it.",
    )
    audit_pause_seconds: float = Field(
        default=10.0,
        ge=0,
        description="How long after a round through all members the next begins.",
    )
    audit_look_again_seconds: float = Field(
        default=5.0, gt=0, description="How often members who were found wrong are looked at again."
    )
