"""Each thing that somebody is told about, besides the objectives."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from deploy.prometheus.rules import DAY, HOUR, MINUTE, Alert, Pace, Severity
from shared.contract.topics import CONSUMED_BY, TOPICS

JOBS: Final[Mapping[Severity, tuple[str, ...]]] = {
    "critical": ("earn", "mall", "redeem", "relay"),
    "warning": ("audit", "expiry", "notify"),
}
"""What Prometheus scrapes, by how bad it is when nothing of it runs: who waits for it at once."""


def alerts(pace: Pace) -> Sequence[Alert]:
    """Return the alerts with their limits at a pace."""
    return (
        *_processes(),
        *_consuming(pace),
        *_aside(pace),
        *_telling(pace),
        *_ledger(pace),
        *_days(pace),
        *_resources(pace),
    )


def _processes() -> Iterator[Alert]:
    for severity, jobs in JOBS.items():
        yield Alert(
            name="PointsServiceDown",
            severity=severity,
            expr="\nor\n".join(_nobody_answers(jobs)),
            after_seconds=2 * MINUTE,
            summary="A service is down.",
            description="No process of {{ $labels.job }} answers.",
            page="down.md",
        )
    yield Alert(
        name="PointsProcessDown",
        severity="warning",
        expr="up == 0\nand on (job)\nmax by (job) (up) == 1",
        after_seconds=10 * MINUTE,
        summary="One of several processes of a service is down.",
        description="{{ $labels.instance }} of {{ $labels.job }} does not answer; others do.",
        page="down.md",
    )
    yield Alert(
        name="PointsLeaderMissing",
        severity="warning",
        expr="max by (service) (points_expiry_leader or points_audit_leader) == 0",
        after_seconds=10 * MINUTE,
        summary="A service runs, and none of its processes leads.",
        description="No process of {{ $labels.service }} leads: what it does for all members is "
        "not done.",
        page="down.md",
    )


def _nobody_answers(jobs: Sequence[str]) -> Iterator[str]:
    """Find jobs whose processes are all down, or that have no process to be down."""
    yield f'max by (job) (up{{job=~"{"|".join(jobs)}"}}) == 0'
    yield from (f'absent(up{{job="{job}"}})' for job in jobs)


def _consuming(pace: Pace) -> Iterator[Alert]:
    yield Alert(
        name="PointsBrakeEngaged",
        severity="critical",
        expr="max by (consumer_group) (points_brake_engaged) == 1",
        summary="A service stopped itself because too many records failed in our own code.",
        description="{{ $labels.consumer_group }} reads nothing until the brake is released. "
        "Nothing is lost.",
        page="brake.md",
    )
    moved = (
        f"label_replace(rate(points_events_processed_total[{pace.span(5 * MINUTE)}]), "
        '"consumer_group", "points-$1", "service", "(.+)")'
    )
    yield Alert(
        name="PointsConsumerStalled",
        severity="critical",
        expr="sum by (consumer_group, topic) (points_consumer_lag_messages) > 0\n"
        f"unless\nsum by (consumer_group, topic) ({moved}) > 0\n"
        "unless on (consumer_group)\npoints_brake_engaged == 1",
        after_seconds=5 * MINUTE,
        summary="A service reads nothing although records wait.",
        description="{{ $value }} records of {{ $labels.topic }} wait for "
        "{{ $labels.consumer_group }}, and none was committed for minutes. Nothing is lost.",
        page="lag.md",
    )
    yield Alert(
        name="PointsConsumerLagHigh",
        severity="warning",
        expr="max by (consumer_group, topic) (points_consumer_lag_seconds) "
        f"> {pace.seconds(5 * MINUTE)}",
        after_seconds=10 * MINUTE,
        summary="A service does not keep up with what comes in.",
        description="{{ $labels.consumer_group }} is {{ $value | humanizeDuration }} behind on "
        "{{ $labels.topic }}.",
        page="lag.md",
    )
    yield Alert(
        name="PointsLagNearRetention",
        severity="critical",
        expr=_half_of_retention(pace),
        summary="Records are about to be deleted before they were read.",
        description="{{ $labels.consumer_group }} is {{ $value | humanizeDuration }} behind on "
        "{{ $labels.topic }}: more than half of what Kafka keeps.",
        page="lag.md",
    )


def _half_of_retention(pace: Pace) -> str:
    """Compare the lag with what each topic that somebody reads is kept for."""
    read = {topic for topics in CONSUMED_BY.values() for topic in topics}
    kept: dict[int, list[str]] = {}
    for topic in TOPICS:
        if topic.name in read:
            kept.setdefault(topic.retention_ms, []).append(topic.name)
    return "\nor\n".join(
        "max by (consumer_group, topic) (points_consumer_lag_seconds"
        f'{{topic=~"{"|".join(names)}"}}) > {pace.seconds(milliseconds / 1000 / 2)}'
        for milliseconds, names in kept.items()
    )


def _aside(pace: Pace) -> Iterator[Alert]:
    yield Alert(
        name="PointsDeadLettersPresent",
        severity="warning",
        expr="max by (consumer_group, topic) (points_dead_letters_unresolved) > 0",
        summary="Records could not be applied and wait for somebody to settle them.",
        description="{{ $value }} records of {{ $labels.topic }} are dead letters of "
        "{{ $labels.consumer_group }}. The rest goes on.",
        page="dead-letters.md",
    )
    yield Alert(
        name="PointsParkedTooLong",
        severity="warning",
        expr="max by (consumer_group) (points_parked_oldest_age_seconds) "
        f"> {pace.seconds(6 * HOUR)}",
        summary="An event has waited for hours for what it needs.",
        description="The oldest event parked by {{ $labels.consumer_group }} has waited for "
        "{{ $value | humanizeDuration }}.",
        page="parked-events.md",
    )
    yield Alert(
        name="PointsParkedAbandoned",
        severity="warning",
        expr="max by (consumer_group) (points_parked_abandoned_events) > 0",
        summary="Events were given up that had waited for weeks for what they need.",
        description="{{ $value }} events of {{ $labels.consumer_group }} were abandoned. They "
        "still apply if what they need comes.",
        page="parked-events.md",
    )


def _telling(pace: Pace) -> Iterator[Alert]:
    yield Alert(
        name="PointsOutboxStalled",
        severity="critical",
        # Without the database a relay can't see its outbox, but knows that it does not lead.
        expr=f"max(points_outbox_oldest_unpublished_age_seconds) > {pace.seconds(2 * MINUTE)}\n"
        "or\nmax(points_outbox_leader) == 0",
        after_seconds=2 * MINUTE,
        summary="What the ledger has is not told to Kafka.",
        description="The outbox is not emptied, or no relay leads to do it. Balances are right; "
        "messages and other services are late.",
        page="relay.md",
    )
    yield Alert(
        name="PointsNotificationsLate",
        severity="warning",
        expr=f"max by (channel) (points_notifications_oldest_age_seconds) > {pace.seconds(HOUR)}",
        after_seconds=5 * MINUTE,
        summary="Messages don't get out.",
        description="The message that is next for {{ $labels.channel }} is "
        "{{ $value | humanizeDuration }} old. Members find it in their inbox.",
        page="dead-webhooks.md",
    )
    yield Alert(
        name="PointsNotificationsDead",
        severity="warning",
        expr="max by (channel) (points_notifications_dead) > 0",
        summary="Messages were refused for good.",
        description="{{ $value }} messages to {{ $labels.channel }} were given up. Members find "
        "them in their inbox.",
        page="dead-webhooks.md",
    )


def _ledger(pace: Pace) -> Iterator[Alert]:
    yield Alert(
        name="PointsLedgerImbalance",
        severity="critical",
        expr="max by (check) (abs(points_ledger_imbalance_points)) > 0\nor\n"
        'max by (check) (points_ledger_wrong_members{check!="chain"}) > 0',
        summary="The ledger does not add up.",
        description="The check {{ $labels.check }} fails. Some member has points that no entry "
        "explains, or lacks some.",
        page="imbalance.md",
    )
    yield Alert(
        name="PointsLedgerChainBroken",
        severity="critical",
        expr='max(points_ledger_wrong_members{check="chain"}) > 0',
        summary="Entries were changed past the ledger's functions.",
        description="The hash chain of {{ $value }} members is broken.",
        page="imbalance.md",
    )
    yield Alert(
        name="PointsReconciliationStale",
        severity="warning",
        expr="time() - max by (check) (points_reconciliation_last_success_timestamp_seconds) "
        f"> {pace.seconds(6 * HOUR)}",
        after_seconds=5 * MINUTE,
        summary="Nobody has looked for hours whether the ledger adds up.",
        description="The check {{ $labels.check }} last succeeded "
        "{{ $value | humanizeDuration }} ago.",
        page="imbalance.md",
    )


def _days(pace: Pace) -> Iterator[Alert]:
    yield Alert(
        name="PointsExpiryOverdue",
        severity="warning",
        expr=f"max(points_expiry_oldest_overdue_age_seconds) > {pace.seconds(HOUR)}",
        after_seconds=5 * MINUTE,
        summary="Points past their date are still there.",
        description="Points whose day was over {{ $value | humanizeDuration }} ago were not swept. "
        "Nobody can spend them.",
        page="sweep.md",
    )
    yield Alert(
        name="PointsRemindersSkipped",
        severity="warning",
        expr=f"sum by (stage) (increase(points_reminders_skipped_total[{pace.span(DAY)}])) > 0",
        summary="Members were not told that points of theirs end.",
        description="Some reminders of {{ $labels.stage }} days before were left out after a "
        "downtime.",
        page="sweep.md",
    )
    yield Alert(
        name="PointsReservationsOverdue",
        severity="warning",
        expr=f"max(points_reservation_overdue_seconds) > {pace.seconds(5 * MINUTE)}",
        after_seconds=2 * MINUTE,
        summary="Reservations whose time is over keep pieces from other members.",
        description="The oldest has waited for its release for {{ $value | humanizeDuration }}.",
        page="reservations.md",
    )


def _resources(pace: Pace) -> Iterator[Alert]:
    waits = f"sum by (job, le) (rate(points_db_pool_wait_seconds_bucket[{pace.span(5 * MINUTE)}]))"
    yield Alert(
        name="PointsDbPoolSaturated",
        severity="warning",
        expr=f"histogram_quantile(0.99, {waits}) > 0.25",
        after_seconds=10 * MINUTE,
        summary="Requests wait for a connection to the database.",
        description="One in a hundred requests to {{ $labels.job }} waits for longer than "
        "{{ $value | humanizeDuration }}.",
        page="pool.md",
    )
