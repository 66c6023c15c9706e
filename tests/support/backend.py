"""Which servers the suite runs on: its own, containers, or ones that are named.

JIFEN_TEST_BACKEND says: `embedded` (the default), `testcontainers` (wants a Docker engine, and
the images `postgres` and `apache/kafka` or what `tests/support/images` makes in their stead) or
`external` (JIFEN_TEST_DATABASE_URL, the URL of an owner who may create databases and roles, and
JIFEN_TEST_KAFKA_BOOTSTRAP).

External servers are the suite's while it runs: it empties the topics of the contract and gives
the services' roles passwords of its own. `JIFEN_SERVICES=none jifen up` starts some, and the next
`jifen up` puts both right again.
"""

from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict


class Backend(BaseSettings):
    """Where the suite's servers come from."""

    model_config = SettingsConfigDict(env_prefix="JIFEN_TEST_", frozen=True)

    backend: Literal["embedded", "testcontainers", "external"] = "embedded"
    database_url: str | None = None
    kafka_bootstrap: str | None = None
