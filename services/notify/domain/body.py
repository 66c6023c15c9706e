"""The body of a webhook. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from services.notify.domain.message import notification_id
from shared.notices.render import render_all


def body_of(
    member_id: str, cause: str, template: str, data: Mapping[str, object], created_at: datetime
) -> bytes:
    """Spell a message for a receiver: its data, and its text in every language, plain."""
    texts = render_all(template, data)
    return orjson.dumps(
        {
            "id": notification_id(member_id, cause),
            "member_id": member_id,
            "cause": cause,
            "template": template,
            "data": data,
            "texts": {language: text._asdict() for language, text in texts.items()},
            "created_at": created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }
    )
