"""Are events flowing: from what happened to the ledger, and on to Kafka."""

from typing import Final

from deploy.grafana import panels as p
from deploy.grafana import queries as q
from deploy.grafana.board import Row
from deploy.grafana.panels import About, Series, graph, number

_END_TO_END: Final = "points_event_end_to_end_seconds"

ROW: Final = Row(
    title="Are events flowing?",
    panels=[
        number(
            About(
                title="Event to ledger, p99",
                unit=p.SECONDS,
                advice="From the time something happened to its entry. Red while lag is low:"
                " senders tell late, which nobody here can mend. Red with lag: the runbook.",
                runbook="freshness",
                worry=30,
                alarm=300,
            ),
            q.quantile(0.99, _END_TO_END),
        ),
        number(
            About(
                title="Lag",
                unit=p.SECONDS,
                advice="Age of the oldest record that is read and not committed, of the group that"
                " is furthest behind. Above zero for minutes: look at the board of that service.",
                runbook="lag",
                worry=30,
                alarm=300,
            ),
            q.most("points_consumer_lag_seconds"),
        ),
        number(
            About(
                title="Oldest in the outbox",
                unit=p.SECONDS,
                advice="What the ledger says and Kafka does not know yet. Growing: no relay leads,"
                " or the broker takes nothing; points are right, whoever reads topics waits.",
                runbook="relay",
                worry=10,
                alarm=60,
            ),
            q.most("points_outbox_oldest_unpublished_age_seconds"),
        ),
        number(
            About(
                title="Relays that publish",
                unit=p.COUNT,
                advice="Exactly one leads. Zero for longer than a restart takes: look at the"
                " relay's readiness and its log.",
                runbook="relay",
                alarm=1,
                less_is_worse=True,
            ),
            q.total("points_outbox_leader"),
        ),
        number(
            About(
                title="Processes down",
                unit=p.COUNT,
                advice="That Prometheus can't scrape. For longer than a restart takes: its log says"
                " why, and `/readyz` what it waits for.",
                runbook="down",
                alarm=1,
            ),
            "sum(up == bool 0)",
        ),
        number(
            About(
                title="Brakes engaged",
                unit=p.COUNT,
                advice="A group that isolated too many records stopped itself. Find the bug before"
                " releasing it: what it sets aside next would be set aside as well.",
                runbook="brake",
                alarm=1,
            ),
            q.most("points_brake_engaged"),
        ),
        graph(
            About(
                title="Records committed",
                unit=p.EVENTS,
                advice="By service. Flat at zero while the shop sells: look at lag, then at what"
                " the shop sends.",
                runbook="lag",
            ),
            Series(q.rate("points_events_processed_total", "service"), "{{service}}"),
            stacked=True,
        ),
        graph(
            About(
                title="Event to ledger",
                unit=p.SECONDS,
                advice="By service. Only the p99 rises: a few old events came, after an outage of"
                " their sender. Both rise: lag.",
                runbook="freshness",
            ),
            Series(q.quantile(0.5, _END_TO_END, "service"), "{{service}} p50"),
            Series(q.quantile(0.99, _END_TO_END, "service"), "{{service}} p99"),
        ),
        graph(
            About(
                title="Published",
                unit=p.ROWS,
                advice="Rows of the outbox that Kafka has acknowledged. Below what is committed for"
                " minutes: the outbox grows.",
                runbook="relay",
            ),
            Series(q.rate("points_outbox_published_total", "topic"), "{{topic}}"),
            stacked=True,
        ),
    ],
)
