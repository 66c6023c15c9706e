"""Is anyone waiting: callers, and what was put off."""

from typing import Final

from deploy.grafana import panels as p
from deploy.grafana import queries as q
from deploy.grafana.board import Row
from deploy.grafana.panels import About, Series, graph, number

_HTTP: Final = "http_server_request_duration_seconds"
_ERRORS: Final = f"{q.ASKED}, {q.FAILED}"

ROW: Final = Row(
    title="Is anyone waiting?",
    panels=[
        number(
            About(
                title="Answered with an error",
                unit=p.SHARE,
                advice="The part of requests that ended with 5xx. 503 is a service that waits for"
                " its database or is full; 500 is a bug, and in the log.",
                runbook="redeem",
                worry=0.001,
                alarm=0.01,
            ),
            q.share(
                q.rate(f"{_HTTP}_count", where=_ERRORS), q.rate(f"{_HTTP}_count", where=q.ASKED)
            ),
        ),
        number(
            About(
                title="Answers, p99",
                unit=p.SECONDS,
                advice="Of all routes. Above a second: see by service below; redeem waits for its"
                " batch, the mall for a connection of its pool.",
                worry=0.5,
                alarm=1,
            ),
            q.quantile(0.99, _HTTP, where=q.ASKED),
        ),
        number(
            About(
                title="Events parked",
                unit=p.COUNT,
                advice="They came before what they need. Some are always there; growing means that"
                " a sender leaves out what others refer to.",
                runbook="parked-events",
            ),
            f"sum({q.most('points_parked_events', 'consumer_group')})",
        ),
        number(
            About(
                title="Reservation overdue",
                unit=p.SECONDS,
                advice="Others can't have pieces whose reservation is over until it is released."
                " Above some seconds: redeem's loop does not get on.",
                runbook="reservations",
                worry=10,
                alarm=60,
            ),
            q.most("points_reservation_overdue_seconds"),
        ),
        number(
            About(
                title="Oldest push",
                unit=p.SECONDS,
                advice="Messages in the inbox are there; what waits is your endpoint. It answers"
                " slowly, or not at all.",
                runbook="dead-webhooks",
                worry=300,
                alarm=3600,
            ),
            q.most("points_notifications_oldest_age_seconds"),
        ),
        number(
            About(
                title="Expiry overdue",
                unit=p.SECONDS,
                advice="How long ago the day was over whose points are not swept yet. Members don't"
                " wait for it; your books do.",
                runbook="sweep",
                worry=3600,
                alarm=21600,
            ),
            q.most("points_expiry_oldest_overdue_age_seconds"),
        ),
        graph(
            About(
                title="Requests",
                unit=p.REQUESTS,
                advice="By service. A fall at midday is a proxy, a token that expired, or nobody.",
            ),
            Series(q.rate(f"{_HTTP}_count", "job", where=q.ASKED), "{{job}}"),
            stacked=True,
        ),
        graph(
            About(
                title="Answers, p99 by service",
                unit=p.SECONDS,
                advice="One service alone: its own board. All at once: PostgreSQL.",
                worry=0.5,
                alarm=1,
            ),
            Series(q.quantile(0.99, _HTTP, "job", where=q.ASKED), "{{job}}"),
        ),
        graph(
            About(
                title="Errors by service",
                unit=p.REQUESTS,
                advice="Answers of 5xx. During a rolling restart some 503 are right: callers try"
                " again.",
            ),
            Series(q.rate(f"{_HTTP}_count", "job", where=_ERRORS), "{{job}}"),
            stacked=True,
        ),
        graph(
            About(
                title="Waiting for a connection, p99",
                unit=p.SECONDS,
                advice="Of the pools that requests share. Above some hundredths: a larger pool, or"
                " one process more; with slow statements neither helps.",
                runbook="pool",
                worry=0.05,
                alarm=0.5,
            ),
            Series(q.quantile(0.99, "points_db_pool_wait_seconds", "service"), "{{service}}"),
            span=p.HALF,
        ),
        graph(
            About(
                title="Connections of pools",
                unit=p.COUNT,
                advice="Used and idle. None idle for minutes: callers wait for each other.",
                runbook="pool",
            ),
            Series(
                q.total("points_db_pool_connections", "service", "state"), "{{service}} {{state}}"
            ),
            span=p.HALF,
            stacked=True,
        ),
    ],
)
