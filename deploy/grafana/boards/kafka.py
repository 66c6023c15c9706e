"""Kafka and the outbox: lag by group and partition, what waits to be published."""

from typing import Final

from deploy.grafana import panels as p
from deploy.grafana import queries as q
from deploy.grafana.board import Board, Row, choice
from deploy.grafana.panels import About, Series, graph, heat, number

_GROUPS: Final = 'consumer_group=~"$group"'

_CONSUMING: Final = Row(
    title="Consuming",
    panels=[
        graph(
            About(
                title="Lag in seconds",
                unit=p.SECONDS,
                advice="Nothing is lost before a topic's retention: 30 days for inputs, 14 for what"
                " notify reads. Half of that is an emergency.",
                runbook="lag",
                worry=30,
                alarm=300,
            ),
            Series(
                q.most("points_consumer_lag_seconds", "consumer_group", "topic", where=_GROUPS),
                "{{consumer_group}} {{topic}}",
            ),
        ),
        graph(
            About(
                title="Lag in records",
                unit=p.COUNT,
                advice="By topic. Divide by what is committed per second to know when it is over.",
                runbook="lag",
            ),
            Series(
                q.total("points_consumer_lag_messages", "consumer_group", "topic", where=_GROUPS),
                "{{consumer_group}} {{topic}}",
            ),
            stacked=True,
        ),
        graph(
            About(
                title="Lag by partition",
                unit=p.COUNT,
                advice="The worst ten. One partition alone: one member of whom much is told, or a"
                " process that does not get on.",
                runbook="lag",
            ),
            Series(
                f"topk(10, points_consumer_lag_messages{{{_GROUPS}}})",
                "{{consumer_group}} {{topic}}/{{partition}}",
            ),
        ),
        graph(
            About(
                title="Since the last poll",
                unit=p.SECONDS,
                advice="By process. Growing: its loop is stuck or the broker is away; after the"
                " session's time-out (30 s) others take its partitions.",
                runbook="lag",
                worry=30,
                alarm=60,
            ),
            Series(
                q.age(
                    "points_consumer_last_poll_timestamp_seconds",
                    "consumer_group",
                    "instance",
                    where=_GROUPS,
                ),
                "{{consumer_group}} {{instance}}",
            ),
        ),
        graph(
            About(
                title="Rebalances and rewinds",
                unit=p.COUNT,
                advice="Per hour. A rebalance comes with each start and stop of a process; without"
                " those, polls come too late. A rewind repeats nothing, it goes where the database"
                " says.",
                runbook="lag",
            ),
            Series(
                q.increase("points_consumer_rebalances_total", "consumer_group", where=_GROUPS),
                "{{consumer_group}} rebalances",
            ),
            Series(
                q.increase("points_consumer_rewinds_total", "consumer_group", where=_GROUPS),
                "{{consumer_group}} rewinds",
            ),
        ),
        graph(
            About(
                title="Gaps",
                unit=p.COUNT,
                advice="Offsets per hour that the log does not have. Transactions of a sender leave"
                " some; thousands mean that retention was faster than we were.",
                runbook="lag",
            ),
            Series(
                q.increase(
                    "points_consumer_gap_records_total", "consumer_group", "topic", where=_GROUPS
                ),
                "{{consumer_group}} {{topic}}",
            ),
        ),
    ],
)

_OUTBOX: Final = Row(
    title="Outbox",
    panels=[
        number(
            About(
                title="Waiting rows",
                unit=p.COUNT,
                advice="Some hundreds under load are right; it counts to 100,000 and no further.",
                runbook="relay",
                worry=10000,
                alarm=100000,
            ),
            q.most("points_outbox_unpublished_rows"),
            span=p.THIRD,
        ),
        number(
            About(
                title="Oldest",
                unit=p.SECONDS,
                advice="Above seconds: no leader, or the broker takes nothing. Entries are safe;"
                " whoever reads topics waits.",
                runbook="relay",
                worry=10,
                alarm=60,
            ),
            q.most("points_outbox_oldest_unpublished_age_seconds"),
            span=p.THIRD,
        ),
        number(
            About(
                title="Leaders",
                unit=p.COUNT,
                advice="Exactly one relay publishes; another stands by.",
                runbook="relay",
                alarm=1,
                less_is_worse=True,
            ),
            q.total("points_outbox_leader"),
            span=p.THIRD,
        ),
        graph(
            About(
                title="Published, by topic",
                unit=p.ROWS,
                advice="`unpublishable` rows were set aside: Kafka will never take them.",
                runbook="dead-letters",
            ),
            Series(
                q.rate("points_outbox_published_total", "topic", "outcome"), "{{topic}} {{outcome}}"
            ),
            stacked=True,
        ),
        heat(
            About(
                title="A page, from read to deleted",
                unit=p.SECONDS,
                advice="Mostly the broker's acknowledgement. Climbing: the broker's disks or its"
                " replicas.",
                runbook="relay",
            ),
            q.buckets("points_outbox_publish_duration_seconds"),
        ),
        graph(
            About(
                title="Begun again, by cause",
                unit=p.COUNT,
                advice="Per hour. `broker` or `database` in a row: that one; the relay goes on by"
                " itself when it is back.",
                runbook="relay",
            ),
            Series(q.increase("points_outbox_failures_total", "cause"), "{{cause}}"),
        ),
    ],
)

_ASIDE: Final = Row(
    title="Set aside and parked",
    panels=[
        graph(
            About(
                title="Dead letters that wait for somebody",
                unit=p.COUNT,
                advice="`jifen dead-letters list`, then `replay` after the mend or `dismiss`.",
                runbook="dead-letters",
                worry=1,
            ),
            Series(
                q.most("points_dead_letters_unresolved", "consumer_group", "topic", where=_GROUPS),
                "{{consumer_group}} {{topic}}",
            ),
        ),
        graph(
            About(
                title="Parked",
                unit=p.COUNT,
                advice="By group. `jifen parked list` says what each waits for. What was given up"
                " after 30 days is applied all the same when what it needs comes.",
                runbook="parked-events",
            ),
            Series(
                q.most("points_parked_events", "consumer_group", where=_GROUPS),
                "{{consumer_group}}",
            ),
            Series(
                q.most("points_parked_abandoned_events", "consumer_group", where=_GROUPS),
                "{{consumer_group}} given up",
            ),
        ),
        graph(
            About(
                title="Oldest parked",
                unit=p.SECONDS,
                advice="Given up after 30 days, with `event.abandoned.v1` on `parking.v1`.",
                runbook="parked-events",
                worry=86400,
                alarm=604800,
            ),
            Series(
                q.most("points_parked_oldest_age_seconds", "consumer_group", where=_GROUPS),
                "{{consumer_group}}",
            ),
        ),
    ],
)

BOARD: Final = Board(
    name="kafka",
    title="Jifen: Kafka and outbox",
    description="What comes in and what goes out, by consumer group.",
    choices=[
        choice(
            "group", "consumer group", "label_values(points_consumer_lag_seconds, consumer_group)"
        )
    ],
    rows=[_CONSUMING, _OUTBOX, _ASIDE],
)
