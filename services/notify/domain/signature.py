"""The signature of a webhook: HMAC-SHA256 over time and body, as docs/webhooks.md says. Pure."""

import hmac
from hashlib import sha256
from typing import Final

HEADER: Final = "Jifen-Signature"
SCHEME: Final = "v1"


def signature(secret: bytes, timestamp: int, body: bytes) -> str:
    """Return the header's value for a body sent at a time, in seconds since 1970.

    The time is signed with the body, so that a recorded request can't be sent again later.
    """
    signed = b"%d.%s" % (timestamp, body)
    return f"t={timestamp},{SCHEME}={hmac.new(secret, signed, sha256).hexdigest()}"
