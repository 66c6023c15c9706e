"""What needs a hand: set aside, given up, repeated."""

from typing import Final

from deploy.grafana import panels as p
from deploy.grafana import queries as q
from deploy.grafana.board import Row
from deploy.grafana.panels import About, Series, graph, number

ROW: Final = Row(
    title="What needs a hand?",
    panels=[
        number(
            About(
                title="Dead letters",
                unit=p.COUNT,
                advice="Records that could not be applied, with their reason. Nothing waits for"
                " them, but somebody's points are missing: `jifen dead-letters list`.",
                runbook="dead-letters",
                worry=1,
                alarm=100,
            ),
            f"sum({q.most('points_dead_letters_unresolved', 'consumer_group', 'topic')})",
        ),
        number(
            About(
                title="Pushes given up",
                unit=p.COUNT,
                advice="Your endpoint refused them for good, or for longer than is tried. The inbox"
                " has them.",
                runbook="dead-webhooks",
                worry=1,
                alarm=100,
            ),
            f"sum({q.most('points_notifications_dead', 'channel')})",
        ),
        number(
            About(
                title="Oldest parked",
                unit=p.SECONDS,
                advice="After 30 days it is given up, and told of. Before that somebody can still"
                " send what it waits for: `jifen parked list`.",
                runbook="parked-events",
                worry=86400,
                alarm=604800,
            ),
            q.most("points_parked_oldest_age_seconds"),
        ),
        number(
            About(
                title="Sweeps that failed",
                unit=p.COUNT,
                advice="Members that could not be swept in the last hour; the log names them. They"
                " are tried again each minute.",
                runbook="sweep",
                alarm=1,
            ),
            q.increase("points_expiry_failures_total"),
        ),
        number(
            About(
                title="Tokens refused",
                unit=p.COUNT,
                advice="Requests of the last hour with a token nobody believes. Many: a key was"
                " changed on one side alone, or somebody tries.",
                worry=100,
            ),
            q.increase("points_http_tokens_refused_total"),
        ),
        number(
            About(
                title="Batches repeated",
                unit=p.COUNT,
                advice="Rolled back and tried again in the last hour. Some come with each restart"
                " of the database; a steady stream is contention or a bug: see by cause below.",
                runbook="lag",
                worry=50,
            ),
            q.increase("points_batch_retries_total"),
        ),
        graph(
            About(
                title="Set aside, by reason",
                unit=p.COUNT,
                advice="Records per hour. One reason from one moment on: a sender's release."
                " Reasons of ours (`poison`): a bug; the brake is near.",
                runbook="dead-letters",
            ),
            Series(
                q.increase("points_dead_letters_total", "topic", "reason"), "{{topic}} {{reason}}"
            ),
            span=p.HALF,
            stacked=True,
        ),
        graph(
            About(
                title="Batches repeated, by cause",
                unit=p.COUNT,
                advice="Per hour. `trouble`: database or broker; `halved`: a record that raises.",
                runbook="lag",
            ),
            Series(
                q.increase("points_batch_retries_total", "service", "cause"),
                "{{service}} {{cause}}",
            ),
            span=p.HALF,
            stacked=True,
        ),
    ],
)
