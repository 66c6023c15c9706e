"""Is the ledger true: what the audit found, and what was posted."""

from typing import Final

from deploy.grafana import panels as p
from deploy.grafana import queries as q
from deploy.grafana.board import Row
from deploy.grafana.panels import About, Series, graph, number

ROW: Final = Row(
    title="Is the ledger true?",
    panels=[
        number(
            About(
                title="Imbalance",
                unit=p.POINTS,
                advice="Points by which the ledger contradicts itself. Anything but 0: stop what"
                " changes it, keep a copy, then `jifen audit verify` names the entry.",
                runbook="imbalance",
                alarm=1,
            ),
            "sum(abs(max by (check) (points_ledger_imbalance_points)))",
        ),
        number(
            About(
                title="Members whose sums are wrong",
                unit=p.COUNT,
                advice="As last looked at; the same members may fail several checks.",
                runbook="imbalance",
                alarm=1,
            ),
            q.most("points_ledger_wrong_members"),
        ),
        number(
            About(
                title="Chains broken",
                unit=p.COUNT,
                advice="Found in the last day: somebody changed entries past the ledger's"
                " functions. Keep a copy of the database first.",
                runbook="imbalance",
                alarm=1,
            ),
            q.increase("points_ledger_chain_breaks_total", over="1d"),
        ),
        number(
            About(
                title="Since all was checked",
                unit=p.SECONDS,
                advice="By the check that is the oldest. Above a day: no audit leads, or its pages"
                " fail; then a green imbalance means little.",
                runbook="imbalance",
                worry=43200,
                alarm=86400,
            ),
            "max(time() - max by (check) (points_reconciliation_last_success_timestamp_seconds))",
        ),
        number(
            About(
                title="Audits that lead",
                unit=p.COUNT,
                advice="Exactly one recomputes. Zero: nothing is checked meanwhile.",
                runbook="imbalance",
                alarm=1,
                less_is_worse=True,
            ),
            q.total("points_audit_leader"),
        ),
        number(
            About(
                title="Outstanding",
                unit=p.POINTS,
                advice="What members could spend, in all: what you owe. A jump without a campaign:"
                " see what was posted below, then the rules.",
            ),
            q.most("points_liability_points"),
        ),
        graph(
            About(
                title="Imbalance, by check",
                unit=p.POINTS,
                advice="All at 0. When one rose tells which release or which hand it was.",
                runbook="imbalance",
            ),
            Series(q.most("points_ledger_imbalance_points", "check"), "{{check}}"),
        ),
        graph(
            About(
                title="Points posted",
                unit=p.POINTS_PER_SECOND,
                advice="By kind. `adjusted` is done by hand; `reversed` above `earned` is a day of"
                " returns, or somebody's test.",
            ),
            Series(q.rate("points_posted_points_total", "kind"), "{{kind}}"),
        ),
        graph(
            About(
                title="Members checked",
                unit="suffix: members/s",
                advice="The audit rests in proportion to how busy the database is. Flat at zero:"
                " see whether one leads.",
                runbook="imbalance",
            ),
            Series(q.rate("points_audit_members_total"), "members"),
        ),
    ],
)
