"""The names that dashboards and alerts rely on."""

from prometheus_client import CollectorRegistry, generate_latest

from shared.platform.metrics import Metrics

NAMES = {
    "points_events_received_total",
    "points_events_processed_total",
    "points_event_processing_duration_seconds",
    "points_event_end_to_end_seconds",
    "points_consumer_lag_messages",
    "points_consumer_lag_seconds",
    "points_consumer_last_poll_timestamp_seconds",
    "points_consumer_rebalances_total",
    "points_dead_letters_total",
    "points_dead_letters_unresolved",
    "points_parked_events",
    "points_brake_engaged",
    "points_batch_stage_seconds",
    "points_outbox_unpublished_rows",
    "points_outbox_oldest_unpublished_age_seconds",
    "points_outbox_published_total",
    "points_outbox_publish_duration_seconds",
    "points_posted_points_total",
    "points_liability_points",
    "points_ledger_imbalance_points",
    "points_ledger_chain_breaks_total",
    "points_ledger_chain_verified_height",
    "points_reconciliation_last_success_timestamp_seconds",
    "points_expiry_overdue_lots",
    "points_expiry_oldest_overdue_age_seconds",
    "points_expiry_last_success_timestamp_seconds",
    "points_expiry_run_duration_seconds",
    "points_reminders_planned_total",
    "points_reminders_skipped_total",
    "points_reservations_released_total",
    "points_reservation_overdue_seconds",
    "points_db_pool_connections",
    "points_build_info",
    "http_server_request_duration_seconds",
}


def test_the_agreed_names_are_registered_with_help() -> None:
    registry = CollectorRegistry()
    Metrics(registry, "earn", version="1.2.3")
    told = generate_latest(registry).decode()
    helped = {line.split()[2] for line in told.splitlines() if line.startswith("# HELP")}
    assert helped >= NAMES
    assert 'points_build_info{service="earn",version="1.2.3"} 1.0' in told


def test_two_processes_worth_of_metrics_do_not_meet() -> None:
    first, second = (Metrics(CollectorRegistry(), name) for name in ("earn", "relay"))
    first.outbox_leader.labels("earn").set(1)
    assert second.registry.get_sample_value("points_outbox_leader", {"service": "earn"}) is None
