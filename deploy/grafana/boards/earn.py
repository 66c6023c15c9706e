"""Earn: from records to entries, and where a batch spends its time."""

from typing import Final

from deploy.grafana import panels as p
from deploy.grafana import queries as q
from deploy.grafana.board import Board, Row, processes_of
from deploy.grafana.panels import About, Series, graph, heat

_EARN: Final = f'service="earn", {q.INSTANCE}'
_GROUP: Final = f'consumer_group="points-earn", {q.INSTANCE}'
_END_TO_END: Final = "points_event_end_to_end_seconds"

_EVENTS: Final = Row(
    title="Events",
    panels=[
        graph(
            About(
                title="Read and committed",
                unit=p.EVENTS,
                advice="Read above committed for minutes: batches fail and are read again; see what"
                " is repeated. Both zero with lag: the brake, or no process has partitions.",
                runbook="lag",
            ),
            Series(q.rate("points_events_received_total", "topic", where=_EARN), "{{topic}} read"),
            Series(
                q.rate("points_events_processed_total", "topic", where=_EARN),
                "{{topic}} committed",
            ),
        ),
        graph(
            About(
                title="What became of them",
                unit=p.EVENTS,
                advice="`duplicate` above `applied`: a sender tells everything twice, or a topic"
                " was rewound; harmless. `dead_lettered`: look at the reasons.",
                runbook="dead-letters",
            ),
            Series(q.rate("points_events_processed_total", "outcome", where=_EARN), "{{outcome}}"),
            stacked=True,
        ),
        graph(
            About(
                title="Lag",
                unit=p.SECONDS,
                advice="Age of the oldest record that is read and not committed. Growing with all"
                " processes busy: add one, up to eight partitions.",
                runbook="lag",
                worry=30,
                alarm=300,
            ),
            Series(q.most("points_consumer_lag_seconds", "topic", where=_GROUP), "{{topic}}"),
        ),
        heat(
            About(
                title="Event to ledger",
                unit=p.SECONDS,
                advice="A band that climbs is lag. A second band far above is a sender that catches"
                " up: nothing to do.",
                runbook="freshness",
            ),
            q.buckets(_END_TO_END, where=_EARN),
        ),
        graph(
            About(
                title="Event to ledger, percentiles",
                unit=p.SECONDS,
                advice="Members see points this late. The aim is a p99 of two seconds, restarts"
                " included.",
                runbook="freshness",
                worry=2,
                alarm=30,
            ),
            Series(q.quantile(0.5, _END_TO_END, where=_EARN), "p50"),
            Series(q.quantile(0.99, _END_TO_END, where=_EARN), "p99"),
        ),
        graph(
            About(
                title="Points",
                unit=p.POINTS_PER_SECOND,
                advice="Given and taken back. A step without more orders: somebody applied other"
                " rules; `jifen program show`.",
            ),
            Series(q.rate("points_posted_points_total", "kind", where=_EARN), "{{kind}}"),
        ),
    ],
)

_BATCHES: Final = Row(
    title="Batches",
    panels=[
        graph(
            About(
                title="Where a batch's time goes",
                unit=p.SHARE,
                advice="Seconds per second, by stage. `load` and `store` are PostgreSQL, `decide`"
                " and `decode` are this process; near one per process, add a process.",
                runbook="lag",
            ),
            Series(q.rate("points_batch_stage_seconds_sum", "stage", where=_EARN), "{{stage}}"),
            stacked=True,
        ),
        heat(
            About(
                title="Commands per batch",
                unit=p.COUNT,
                advice="Batches are what queued up: ones when it is quiet, hundreds under load. At"
                " the cap for minutes: this process is at its limit.",
                runbook="lag",
            ),
            q.buckets("points_batch_size_commands", where=_EARN),
        ),
        heat(
            About(
                title="Start of a batch to its commit",
                unit=p.SECONDS,
                advice="Above 0.1 s with small batches: PostgreSQL waits, for its disk or for"
                " locks.",
                runbook="lag",
            ),
            q.buckets("points_event_processing_duration_seconds", where=_EARN),
        ),
        graph(
            About(
                title="Repeated, by cause",
                unit=p.COUNT,
                advice="Batches per hour. `trouble`: database or broker; `halved`: a record that"
                " raises, soon a dead letter.",
                runbook="lag",
            ),
            Series(q.increase("points_batch_retries_total", "cause", where=_EARN), "{{cause}}"),
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
                advice="Refunds and shares that came before their order. Growing: a sender of"
                " orders is behind or down.",
                runbook="parked-events",
            ),
            Series(q.most("points_parked_events", where=_GROUP), "events"),
        ),
    ],
)

BOARD: Final = Board(
    name="earn",
    title="Jifen: earn",
    description="Orders, check-ins and shares into points.",
    choices=[processes_of("earn")],
    rows=[_EVENTS, _BATCHES],
)
