"""Redeem: what members wait for when they take a reward."""

from typing import Final

from deploy.grafana import panels as p
from deploy.grafana import queries as q
from deploy.grafana.board import Board, Row, processes_of
from deploy.grafana.panels import About, Series, graph, heat, number

_REDEEM: Final = f'service="redeem", {q.INSTANCE}'
_GROUP: Final = f'consumer_group="points-redeem", {q.INSTANCE}'
_ROUTES: Final = f'job="redeem", {q.ASKED}, {q.INSTANCE}'
_HTTP: Final = "http_server_request_duration_seconds"

_MEMBERS: Final = Row(
    title="Members who wait",
    panels=[
        number(
            About(
                title="Answered with an error",
                unit=p.SHARE,
                advice="The part of requests that ended with 5xx. 503: database or broker away, or"
                " a queue that is full; 500: a bug, and in the log.",
                runbook="redeem",
                worry=0.001,
                alarm=0.01,
            ),
            q.share(
                q.rate(f"{_HTTP}_count", where=f"{_ROUTES}, {q.FAILED}"),
                q.rate(f"{_HTTP}_count", where=_ROUTES),
            ),
            span=p.THIRD,
        ),
        number(
            About(
                title="Answers, p99",
                unit=p.SECONDS,
                advice="From the request to the commit. Above 0.3 s: batches are long; see below"
                " which stage.",
                runbook="redeem",
                worry=0.3,
                alarm=1,
            ),
            q.quantile(0.99, _HTTP, where=_ROUTES),
            span=p.THIRD,
        ),
        number(
            About(
                title="Reservation overdue",
                unit=p.SECONDS,
                advice="Pieces that others could have. Above some seconds: the loop that releases"
                " does not get on.",
                runbook="reservations",
                worry=10,
                alarm=60,
            ),
            q.most("points_reservation_overdue_seconds", where=_REDEEM),
            span=p.THIRD,
        ),
        graph(
            About(
                title="Requests, by answer",
                unit=p.REQUESTS,
                advice="4xx are refusals that say why: out of stock, too few points. 5xx are ours.",
            ),
            Series(q.rate(f"{_HTTP}_count", "status_class", where=_ROUTES), "{{status_class}}"),
            stacked=True,
        ),
        heat(
            About(
                title="Time to an answer",
                unit=p.SECONDS,
                advice="One band below 0.1 s is right. A second: a hot reward's stock row, or a"
                " process that is at its limit.",
                runbook="redeem",
            ),
            q.buckets(_HTTP, where=_ROUTES),
        ),
        graph(
            About(
                title="Reservations released",
                unit=p.COUNT,
                advice="Per hour, because nobody confirmed in time. Many at once after a sale: the"
                " shop's confirmations did not arrive.",
                runbook="reservations",
            ),
            Series(q.increase("points_reservations_released_total", where=_REDEEM), "released"),
        ),
    ],
)

_BATCHES: Final = Row(
    title="Batches and Kafka",
    panels=[
        graph(
            About(
                title="What became of commands",
                unit=p.EVENTS,
                advice="From Kafka and HTTP together. `dead_lettered`: a parcel of a cancelled"
                " redemption, or the contract.",
                runbook="dead-letters",
            ),
            Series(
                q.rate("points_events_processed_total", "topic", "outcome", where=_REDEEM),
                "{{topic}} {{outcome}}",
            ),
            stacked=True,
        ),
        graph(
            About(
                title="Where a batch's time goes",
                unit=p.SHARE,
                advice="Seconds per second, by stage. `load` grows with waiting for a hot reward's"
                " stock: more processes don't help one reward.",
                runbook="redeem",
            ),
            Series(q.rate("points_batch_stage_seconds_sum", "stage", where=_REDEEM), "{{stage}}"),
            stacked=True,
        ),
        graph(
            About(
                title="Lag",
                unit=p.SECONDS,
                advice="Of requests and parcels on Kafka. Calls go first: lag without slow answers"
                " is a burst on Kafka.",
                runbook="lag",
                worry=30,
                alarm=300,
            ),
            Series(q.most("points_consumer_lag_seconds", "topic", where=_GROUP), "{{topic}}"),
        ),
        graph(
            About(
                title="Repeated, by cause",
                unit=p.COUNT,
                advice="Batches per hour. `trouble`: database or broker; `halved`: a record that"
                " raises.",
                runbook="lag",
            ),
            Series(q.increase("points_batch_retries_total", "cause", where=_REDEEM), "{{cause}}"),
        ),
        graph(
            About(
                title="Set aside, by reason",
                unit=p.COUNT,
                advice="Records per hour. `jifen dead-letters show` has the bytes of each and why.",
                runbook="dead-letters",
            ),
            Series(q.increase("points_dead_letters_total", "reason", where=_GROUP), "{{reason}}"),
        ),
        graph(
            About(
                title="Parked",
                unit=p.COUNT,
                advice="Parcels that were told of before their redemption or its confirmation.",
                runbook="parked-events",
            ),
            Series(q.most("points_parked_events", where=_GROUP), "events"),
        ),
    ],
)

BOARD: Final = Board(
    name="redeem",
    title="Jifen: redeem",
    description="Points and stock taken together, while somebody waits.",
    choices=[processes_of("redeem")],
    rows=[_MEMBERS, _BATCHES],
)
