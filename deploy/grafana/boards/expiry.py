"""Expiry and notices: what is due, who is told, and what your endpoint takes."""

from typing import Final

from deploy.grafana import panels as p
from deploy.grafana import queries as q
from deploy.grafana.board import Board, Row
from deploy.grafana.panels import About, Series, graph, heat, number

_GROUP: Final = 'consumer_group="points-notify"'

_SWEEP: Final = Row(
    title="The sweep",
    panels=[
        number(
            About(
                title="Leaders",
                unit=p.COUNT,
                advice="Exactly one process says which day it is. Zero: nothing new is swept;"
                " expiry's log says why nobody leads.",
                runbook="sweep",
                alarm=1,
                less_is_worse=True,
            ),
            q.total("points_expiry_leader"),
        ),
        number(
            About(
                title="Lots past their date",
                unit=p.COUNT,
                advice="Right after midnight of the program's zone many, then fewer each minute."
                " Not falling: the runbook.",
                runbook="sweep",
            ),
            q.most("points_expiry_overdue_lots"),
        ),
        number(
            About(
                title="Overdue",
                unit=p.SECONDS,
                advice="How long ago the day was over whose points are the oldest not swept.",
                runbook="sweep",
                worry=3600,
                alarm=21600,
            ),
            q.most("points_expiry_oldest_overdue_age_seconds"),
        ),
        number(
            About(
                title="Last time nothing was left",
                unit=p.SECONDS,
                advice="Ago. More than a day: the sweep does not keep up, or does not run.",
                runbook="sweep",
                worry=43200,
                alarm=86400,
            ),
            q.age("points_expiry_last_success_timestamp_seconds"),
        ),
        number(
            About(
                title="Failed",
                unit=p.COUNT,
                advice="Members in the last hour; the log names each, and it is tried each minute.",
                runbook="sweep",
                alarm=1,
            ),
            q.increase("points_expiry_failures_total"),
        ),
        number(
            About(
                title="Reminders left out",
                unit=p.COUNT,
                advice="In the last day, because a downtime went past them. Members hear at the"
                " next stage.",
                runbook="sweep",
                worry=1,
            ),
            q.increase("points_reminders_skipped_total", over="1d"),
        ),
        graph(
            About(
                title="Lots past their date, over time",
                unit=p.COUNT,
                advice="A tooth per night is right. It counts to 100,000 and no further.",
                runbook="sweep",
            ),
            Series(q.most("points_expiry_overdue_lots"), "lots"),
        ),
        graph(
            About(
                title="Points expired",
                unit=p.POINTS_PER_SECOND,
                advice="By the service that found them due: expiry swept them, or somebody did"
                " something and had them settled first.",
            ),
            Series(
                q.rate("points_posted_points_total", "service", where='kind="expired"'),
                "{{service}}",
            ),
            stacked=True,
        ),
        heat(
            About(
                title="Time for a part of the members",
                unit=p.SECONDS,
                advice="There are 64 parts. Longer than usual beside busy neighbours is intended:"
                " the sweep gives way.",
                runbook="sweep",
            ),
            q.buckets("points_expiry_run_duration_seconds"),
        ),
    ],
)

_NOTICES: Final = Row(
    title="Reminders and messages",
    panels=[
        graph(
            About(
                title="Reminders planned",
                unit=p.COUNT,
                advice="Per hour, by days before the date; from nine in the morning on. None on a"
                " day that should have some: the leader, or `jifen expiry status`.",
                runbook="sweep",
            ),
            Series(q.increase("points_reminders_planned_total", "stage"), "{{stage}} days"),
            stacked=True,
        ),
        graph(
            About(
                title="Messages, by outcome",
                unit=p.COUNT,
                advice="Per hour. `failed` of the webhook: your endpoint refuses; `retried`: it is"
                " slow or away.",
                runbook="dead-webhooks",
            ),
            Series(
                q.increase("points_notifications_total", "channel", "outcome"),
                "{{channel}} {{outcome}}",
            ),
            stacked=True,
        ),
        graph(
            About(
                title="Messages, by kind",
                unit=p.COUNT,
                advice="Per hour. A kind that stopped: see whether its service still announces.",
            ),
            Series(
                q.increase("points_notifications_total", "kind", where='outcome="sent"'), "{{kind}}"
            ),
            stacked=True,
        ),
        graph(
            About(
                title="Lag of notify",
                unit=p.SECONDS,
                advice="Inboxes are this late. After a night that expired much some minutes are"
                " right.",
                runbook="lag",
                worry=300,
                alarm=3600,
            ),
            Series(q.most("points_consumer_lag_seconds", "topic", where=_GROUP), "{{topic}}"),
        ),
        graph(
            About(
                title="Pushes that wait",
                unit=p.COUNT,
                advice="For your endpoint. Growing with attempts that end as 5xx or time-outs: it"
                " is left alone for longer and longer, and then gets all.",
                runbook="dead-webhooks",
            ),
            Series(q.most("points_notifications_waiting", "channel"), "{{channel}} wait"),
            Series(q.most("points_notifications_dead", "channel"), "{{channel}} given up"),
        ),
        graph(
            About(
                title="Attempts at your endpoint, p99",
                unit=p.SECONDS,
                advice="By answer. Near the time-out of ten seconds: it hangs.",
                runbook="dead-webhooks",
                worry=5,
                alarm=9,
            ),
            Series(
                q.quantile(
                    0.99, "points_notification_request_duration_seconds", "channel", "answer"
                ),
                "{{channel}} {{answer}}",
            ),
        ),
    ],
)

BOARD: Final = Board(
    name="expiry",
    title="Jifen: expiry and notices",
    description="What is due goes, and members are told before and after.",
    rows=[_SWEEP, _NOTICES],
)
