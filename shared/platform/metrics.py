"""Every metric of the services, with its help text.

Labels are bounded: never a member, an order or an event id. A service touches what it has; what
has labels and was never touched is not exposed.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

# Work inside this process: a decision takes microseconds, a stuck commit seconds.
_WORK_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# From what happened in the world to its entry: mostly other people's delay.
_END_TO_END_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
_BATCH_RECORDS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000, 5000)


class Metrics:
    """The metrics of one process, in the registry it is given.

    Where a metric has the label `service`, pass `metrics.service` as the first label value.
    """

    def __init__(self, registry: CollectorRegistry, service: str, *, version: str = "dev") -> None:
        self.registry = registry
        self.service = service
        self._consuming(registry)
        self._batches(registry)
        self._dead_letters(registry)
        self._outbox(registry)
        self._ledger(registry)
        self._expiry(registry)
        self._redeeming(registry)
        self._notices(registry)
        self._resources(registry)
        Info("points_build", "The version that runs.", registry=registry).info(
            {"service": service, "version": version}
        )

    def _consuming(self, registry: CollectorRegistry) -> None:
        self.events_received = Counter(
            "points_events_received_total",
            "Records read from Kafka, repeats after a rewind included.",
            ["service", "topic"],
            registry=registry,
        )
        self.events_processed = Counter(
            "points_events_processed_total",
            "Records whose batch committed, by outcome: applied, duplicate, ignored, parked,"
            " dead_lettered.",
            ["service", "topic", "outcome"],
            registry=registry,
        )
        self.event_end_to_end_seconds = Histogram(
            "points_event_end_to_end_seconds",
            "From the time the thing happened (ce_time) to the commit of its entry.",
            ["service", "topic"],
            buckets=_END_TO_END_SECONDS,
            registry=registry,
        )
        self.consumer_lag_messages = Gauge(
            "points_consumer_lag_messages",
            "Records of an assigned partition that are not committed yet.",
            ["topic", "partition", "consumer_group"],
            registry=registry,
        )
        self.consumer_lag_seconds = Gauge(
            "points_consumer_lag_seconds",
            "Age of the oldest record read and not committed yet; 0 when caught up.",
            ["topic", "consumer_group"],
            registry=registry,
        )
        self.consumer_last_poll_timestamp_seconds = Gauge(
            "points_consumer_last_poll_timestamp_seconds",
            "When the consumer last asked Kafka for records, in seconds since 1970.",
            ["consumer_group"],
            registry=registry,
        )
        self.consumer_rebalances = Counter(
            "points_consumer_rebalances_total",
            "Times the partitions of this consumer were given out again.",
            ["consumer_group"],
            registry=registry,
        )
        self.consumer_rewinds = Counter(
            "points_consumer_rewinds_total",
            "Times this consumer went back to the offsets that the database holds.",
            ["consumer_group"],
            registry=registry,
        )
        self.consumer_gap_records = Counter(
            "points_consumer_gap_records_total",
            "Offsets that are not in the log (compaction, transactions), stepped over.",
            ["topic", "consumer_group"],
            registry=registry,
        )

    def _batches(self, registry: CollectorRegistry) -> None:
        self.event_processing_duration_seconds = Histogram(
            "points_event_processing_duration_seconds",
            "From the start of a batch to its commit.",
            ["service", "topic"],
            buckets=_WORK_SECONDS,
            registry=registry,
        )
        self.events_in_process = Gauge(
            "points_events_in_process",
            "Commands in the batch that is being processed.",
            ["service"],
            registry=registry,
        )
        self.batch_size = Histogram(
            "points_batch_size_commands",
            "Commands in a committed batch.",
            ["service"],
            buckets=_BATCH_RECORDS,
            registry=registry,
        )
        self.batch_stage_seconds = Histogram(
            "points_batch_stage_seconds",
            "Duration of one stage of a batch: decode, load, decide, store, commit.",
            ["service", "stage"],
            buckets=_WORK_SECONDS,
            registry=registry,
        )
        self.batch_retries = Counter(
            "points_batch_retries_total",
            "Batches rolled back and tried again, by cause: trouble, halved, stale.",
            ["service", "cause"],
            registry=registry,
        )

    def _dead_letters(self, registry: CollectorRegistry) -> None:
        self.dead_letters = Counter(
            "points_dead_letters_total",
            "Records that were set aside, by reason.",
            ["topic", "consumer_group", "reason"],
            registry=registry,
        )
        self.dead_letters_unresolved = Gauge(
            "points_dead_letters_unresolved",
            "Dead letters that nobody has replayed yet, counted in the table.",
            ["topic"],
            registry=registry,
        )
        self.parked_events = Gauge(
            "points_parked_events",
            "Events that wait for what they need, the abandoned ones left out.",
            ["consumer_group"],
            registry=registry,
        )
        self.parked_oldest_age_seconds = Gauge(
            "points_parked_oldest_age_seconds",
            "How long the oldest parked event has waited, the abandoned ones left out.",
            ["consumer_group"],
            registry=registry,
        )
        self.brake_engaged = Gauge(
            "points_brake_engaged",
            "1 while the brake holds this group's consumption, else 0.",
            ["consumer_group"],
            registry=registry,
        )

    def _outbox(self, registry: CollectorRegistry) -> None:
        self.outbox_unpublished_rows = Gauge(
            "points_outbox_unpublished_rows",
            "Rows that wait in the outbox; stops counting at 100000.",
            ["service"],
            registry=registry,
        )
        self.outbox_oldest_unpublished_age_seconds = Gauge(
            "points_outbox_oldest_unpublished_age_seconds",
            "Age of the oldest row in the outbox; 0 when it is empty.",
            ["service"],
            registry=registry,
        )
        self.outbox_published = Counter(
            "points_outbox_published_total",
            "Rows taken from the outbox, by outcome: published, unpublishable.",
            ["service", "topic", "outcome"],
            registry=registry,
        )
        self.outbox_publish_duration_seconds = Histogram(
            "points_outbox_publish_duration_seconds",
            "From the read of a page to its deletion, acknowledged by the brokers.",
            ["service"],
            buckets=_WORK_SECONDS,
            registry=registry,
        )
        self.outbox_failures = Counter(
            "points_outbox_failures_total",
            "Times the relay had to begin again, by what failed: database, broker.",
            ["service", "cause"],
            registry=registry,
        )
        self.outbox_leader = Gauge(
            "points_outbox_leader",
            "1 in the relay that publishes, 0 in one that stands by.",
            ["service"],
            registry=registry,
        )

    def _ledger(self, registry: CollectorRegistry) -> None:
        self.earned_points = Counter(
            "points_earned_points_total",
            "Points of committed entries of kind earned.",
            ["service"],
            registry=registry,
        )
        self.reversed_points = Counter(
            "points_reversed_points_total",
            "Points of committed entries of kind reversed, as a positive number.",
            ["service"],
            registry=registry,
        )
        self.expired_points = Counter(
            "points_expired_points_total",
            "Points of committed entries of kind expired, as a positive number.",
            ["service"],
            registry=registry,
        )

    def _redeeming(self, registry: CollectorRegistry) -> None:
        self.reservations_released = Counter(
            "points_reservations_released_total",
            "Reservations that nobody confirmed in time, released by the loop.",
            ["service"],
            registry=registry,
        )
        self.reservation_overdue_seconds = Gauge(
            "points_reservation_overdue_seconds",
            "How long the oldest reservation whose time is over waits for its release; 0 for none.",
            ["service"],
            registry=registry,
        )

    def _expiry(self, registry: CollectorRegistry) -> None:
        self.expiry_overdue_lots = Gauge(
            "points_expiry_overdue_lots",
            "Lots past their date that still hold points; stops counting at 100000.",
            ["service"],
            registry=registry,
        )
        self.expiry_oldest_overdue_age_seconds = Gauge(
            "points_expiry_oldest_overdue_age_seconds",
            "How long ago the day was over whose points are the oldest not swept; 0 when none are.",
            ["service"],
            registry=registry,
        )
        self.expiry_last_success_timestamp_seconds = Gauge(
            "points_expiry_last_success_timestamp_seconds",
            "When nothing past its date was left, in seconds since 1970.",
            ["service"],
            registry=registry,
        )
        self.expiry_run_duration_seconds = Histogram(
            "points_expiry_run_duration_seconds",
            "From taking a part of the members to having swept all of it.",
            ["service"],
            buckets=_END_TO_END_SECONDS,
            registry=registry,
        )
        self.expiry_failures = Counter(
            "points_expiry_failures_total",
            "Members that could not be swept, and parts that were put off because of our own code.",
            ["service"],
            registry=registry,
        )
        self.expiry_leader = Gauge(
            "points_expiry_leader",
            "1 in the process that says which day it is, 0 in one that stands by.",
            ["service"],
            registry=registry,
        )
        self.reminders_planned = Counter(
            "points_reminders_planned_total",
            "Reminders written and announced, by days before the date.",
            ["stage"],
            registry=registry,
        )
        self.reminders_skipped = Counter(
            "points_reminders_skipped_total",
            "Reminders that a downtime left out, because a later one was due or the date over.",
            ["stage"],
            registry=registry,
        )

    def _notices(self, registry: CollectorRegistry) -> None:
        self.notifications = Counter(
            "points_notifications_total",
            "Messages by channel, kind (the template) and outcome: sent, retried, failed.",
            ["channel", "kind", "outcome"],
            registry=registry,
        )
        self.notifications_waiting = Gauge(
            "points_notifications_waiting",
            "Messages that wait for a channel outside; stops counting at 100000.",
            ["channel"],
            registry=registry,
        )
        self.notifications_oldest_age_seconds = Gauge(
            "points_notifications_oldest_age_seconds",
            "Age of the message that is next for a channel outside; 0 when none waits.",
            ["channel"],
            registry=registry,
        )
        self.notifications_dead = Gauge(
            "points_notifications_dead",
            "Messages that a channel outside refused for good and that are still kept.",
            ["channel"],
            registry=registry,
        )
        self.notification_request_duration_seconds = Histogram(
            "points_notification_request_duration_seconds",
            "One attempt at a channel outside, by the class of its status or why there is none.",
            ["channel", "answer"],
            buckets=_WORK_SECONDS,
            registry=registry,
        )

    def _resources(self, registry: CollectorRegistry) -> None:
        self.http_request_duration_seconds = Histogram(
            "http_server_request_duration_seconds",
            "Duration of an HTTP request, by route template.",
            ["method", "route", "status_class"],
            buckets=_WORK_SECONDS,
            registry=registry,
        )
        self.http_tokens_refused = Counter(
            "points_http_tokens_refused_total",
            "Requests answered 401, by what was wrong with their token.",
            ["reason"],
            registry=registry,
        )
        self.db_pool_connections = Gauge(
            "points_db_pool_connections",
            "Connections of the pool, by state: idle, used.",
            ["state"],
            registry=registry,
        )
        self.db_pool_wait_seconds = Histogram(
            "points_db_pool_wait_seconds",
            "How long a request waited for a connection of the pool.",
            [],
            buckets=_WORK_SECONDS,
            registry=registry,
        )
