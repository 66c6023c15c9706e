"""The webhook as an HTTP client: one signed POST, bounded in every way."""

import asyncio
import logging
from typing import Final

import httpx

from services.notify.deliveries import Delivery
from services.notify.domain.attempt import Answer, retry_after_seconds
from services.notify.domain.body import body_of
from services.notify.domain.message import notification_id
from services.notify.domain.signature import HEADER, signature
from shared.platform.clock import unix_seconds, utc_now
from shared.platform.log import describe

_MOST_ANSWER_BYTES: Final = 16_384
"""What is read of an answer; nobody looks at it."""

_FINISH_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


class Webhook:
    """One endpoint."""

    def __init__(
        self, url: str, key: bytes, *, timeout_seconds: float, connections: int, version: str
    ) -> None:
        """Take where to send, and what to sign with; nothing is connected before `post`."""
        self._url, self._key, self._timeout_seconds = url, key, timeout_seconds
        self._client = httpx.AsyncClient(
            # Neither proxies nor certificates from an environment that is not ours.
            trust_env=False,
            follow_redirects=False,
            timeout=timeout_seconds,
            limits=httpx.Limits(max_connections=connections),
            headers={"user-agent": f"jifen/{version}", "content-type": "application/json"},
        )

    async def post(self, delivery: Delivery) -> Answer:
        """Send a message once and say what was answered; never raises for what comes back."""
        try:
            return await self._post(delivery)
        except (TimeoutError, httpx.TimeoutException):
            return Answer(problem="timed-out")
        except httpx.HTTPError as error:
            _log.info("webhook not reached", extra={"error": describe(error)})
            return Answer(problem="unreachable")
        except Exception:  # noqa: BLE001 - whatever it is, the others must go out
            _log.exception("webhook failed", extra=_about(delivery))
            return Answer(problem="internal-error")

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def _post(self, delivery: Delivery) -> Answer:
        body = body_of(
            delivery.member_id,
            delivery.cause,
            delivery.template,
            delivery.data,
            delivery.created_at,
        )
        headers = {
            HEADER: signature(self._key, int(unix_seconds()), body),
            "Idempotency-Key": notification_id(delivery.member_id, delivery.cause),
        }
        request = self._client.build_request("POST", self._url, content=body, headers=headers)
        # The client's own limits are per read: an endpoint that drips would hold it for ever.
        async with asyncio.timeout(self._timeout_seconds):
            answer = await self._client.send(request, stream=True)
        await _finish(answer)
        asked = retry_after_seconds(answer.headers.get("retry-after"), utc_now())
        return Answer(status=answer.status_code, retry_after_seconds=asked)


async def _finish(answer: httpx.Response) -> None:
    """Read the rest of a short answer, so that its connection can be used again; drop a long one.

    The status has been read, and it alone counts.
    """
    read = 0
    try:
        async with asyncio.timeout(_FINISH_SECONDS):
            async for chunk in answer.aiter_raw():
                read += len(chunk)
                if read > _MOST_ANSWER_BYTES:
                    break
    except (TimeoutError, httpx.HTTPError) as error:
        _log.info("webhook's answer not read to its end", extra={"error": describe(error)})
    finally:
        await answer.aclose()


def _about(delivery: Delivery) -> dict[str, object]:
    return {"member_id": delivery.member_id, "cause": delivery.cause}
