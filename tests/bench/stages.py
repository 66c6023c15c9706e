"""What a service's own metrics say."""

from collections.abc import Mapping

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.consuming.crew import Service


async def stage_seconds(service: Service) -> Mapping[str, float]:
    """Read how long each stage of its batches took in all, in seconds."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{service.url}/metrics", timeout=10)).text
    return {
        sample.labels["stage"]: round(sample.value, 2)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "points_batch_stage_seconds_sum"
    }
