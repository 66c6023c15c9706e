"""Every metric of the services, with its help text; docs/metrics.md is made from it.

Labels are bounded (`LABELS`): never a member, an order or an event id. A service touches what it
has; what has labels and was never touched is not exposed.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Info

from shared.platform.measures import Catalogue, Described

# Work inside this process: a decision takes microseconds, a stuck commit seconds.
_WORK_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# From what happened in the world to its entry: mostly other people's delay.
_END_TO_END_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
_BATCH_RECORDS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000, 5000)

_CONSUMERS: Final = ("earn", "redeem", "notify")
_POSTING: Final = ("earn", "redeem", "expiry")
_ALL: Final = ("audit", "earn", "expiry", "mall", "notify", "redeem", "relay")


class Metrics:
    """The metrics of one process, in the registry it is given.

    Where a metric has the label `service`, pass `metrics.service` as the first label value.
    """

    def __init__(self, registry: CollectorRegistry, service: str, *, version: str = "dev") -> None:
        self.registry = registry
        self.service = service
        make = Catalogue(registry)
        self._consuming(make)
        self._batches(make)
        self._dead_letters(make)
        self._outbox(make)
        self._ledger(make)
        self._auditing(make)
        self._expiry(make)
        self._redeeming(make)
        self._notices(make)
        self._resources(make)
        name, text, _ = make.note(
            "info", "points_build_info", "service version", _ALL, "The version that runs."
        )
        Info(name.removesuffix("_info"), text, registry=registry).info(
            {"service": service, "version": version}
        )
        self.described: tuple[Described, ...] = tuple(make.described)

    def _consuming(self, make: Catalogue) -> None:
        self.events_received = make.counter(
            "points_events_received_total",
            "service topic",
            _CONSUMERS,
            "Records read from Kafka, repeats after a rewind included."
            " Flat while producers send: see the lag, then the service's log.",
        )
        self.events_processed = make.counter(
            "points_events_processed_total",
            "service topic outcome",
            _CONSUMERS,
            "What committed batches decided, by outcome: applied, duplicate, ignored, parked,"
            " released, dead_lettered, and refused (calls)."
            " Many duplicates: somebody sends again, which costs time and no points.",
        )
        self.event_end_to_end_seconds = make.many(
            "points_event_end_to_end_seconds",
            "service topic",
            _CONSUMERS,
            "From the time a thing happened (ce_time) to the commit of its entry, of applied events"
            " told within a day of it. High: compare with the lag; without lag the sender is late.",
            _END_TO_END_SECONDS,
        )
        self.events_late = make.counter(
            "points_events_late_total",
            "service topic",
            _CONSUMERS,
            "Applied events told more than a day after they happened, which the end-to-end time"
            " leaves out. Expected while history is loaded; else ask the sender what was stuck.",
        )
        self.consumer_lag_messages = make.gauge(
            "points_consumer_lag_messages",
            "topic partition consumer_group",
            _CONSUMERS,
            "Records of an assigned partition that are not committed yet."
            " Growing: see the brake, the batch retries, then add processes up to the partitions.",
        )
        self.consumer_lag_seconds = make.gauge(
            "points_consumer_lag_seconds",
            "topic consumer_group",
            _CONSUMERS,
            "Age of the oldest record read and not committed yet; 0 when caught up."
            " High: docs/runbooks/lag.md.",
        )
        self.consumer_last_poll_timestamp_seconds = make.gauge(
            "points_consumer_last_poll_timestamp_seconds",
            "consumer_group",
            _CONSUMERS,
            "When the consumer last asked Kafka for records, in seconds since 1970."
            " Standing still: the consumer waits for the database or the brake; see /readyz.",
        )
        self.consumer_rebalances = make.counter(
            "points_consumer_rebalances_total",
            "consumer_group",
            _CONSUMERS,
            "Times the partitions of this consumer were given out again."
            " Many without deploys: processes are paused or cut off longer than the session lasts.",
        )
        self.consumer_rewinds = make.counter(
            "points_consumer_rewinds_total",
            "consumer_group",
            _CONSUMERS,
            "Times this consumer went back to the offsets that the database holds, after a pause or"
            " a restore. Nothing is counted twice; many say that processes lose their sessions.",
        )
        self.consumer_gap_records = make.counter(
            "points_consumer_gap_records_total",
            "topic consumer_group",
            _CONSUMERS,
            "Offsets that are not in the log (compaction, transactions, retention), stepped over."
            " On a topic without transactions: records were lost before they were read.",
        )

    def _batches(self, make: Catalogue) -> None:
        self.event_processing_duration_seconds = make.histogram(
            "points_event_processing_duration_seconds",
            "service topic",
            _CONSUMERS,
            "From the start of a batch to its commit, once for each topic in it."
            " High: see which stage of the batch it is.",
            _WORK_SECONDS,
        )
        self.events_in_process = make.gauge(
            "points_events_in_process",
            "service",
            _CONSUMERS,
            "Records and calls in the batch that is being written."
            " Unchanged for seconds: the database does not answer.",
        )
        self.batch_size = make.histogram(
            "points_batch_size_commands",
            "service",
            _CONSUMERS,
            "Records and calls in a committed batch; it adapts to how long commits take."
            " Small while there is lag: the database is slow.",
            _BATCH_RECORDS,
        )
        self.batch_stage_seconds = make.histogram(
            "points_batch_stage_seconds",
            "service stage",
            _CONSUMERS,
            "Duration of one stage of a batch: load, decide, store, commit."
            " Load or store high: locks or a slow database; commit: its disk.",
            _WORK_SECONDS,
        )
        self.batch_retries = make.counter(
            "points_batch_retries_total",
            "service cause",
            _CONSUMERS,
            "Batches rolled back and tried again, by cause: trouble (database or broker), halved"
            " (a record raises). The log says what it was.",
        )

    def _dead_letters(self, make: Catalogue) -> None:
        self.dead_letters = make.counter(
            "points_dead_letters_total",
            "topic consumer_group reason",
            _CONSUMERS,
            "Records that were set aside, by reason. Rising: docs/runbooks/dead-letters.md.",
        )
        self.dead_letters_unresolved = make.gauge(
            "points_dead_letters_unresolved",
            "topic consumer_group",
            _CONSUMERS,
            "Dead letters that nobody has replayed or dismissed yet, counted in the table."
            " Above 0: docs/runbooks/dead-letters.md.",
        )
        self.parked_events = make.gauge(
            "points_parked_events",
            "consumer_group",
            _CONSUMERS,
            "Events that wait for what they need, the abandoned ones left out."
            " Rising: the topic of what they wait for is late, see its lag.",
        )
        self.parked_oldest_age_seconds = make.gauge(
            "points_parked_oldest_age_seconds",
            "consumer_group",
            _CONSUMERS,
            "How long the oldest parked event has waited, the abandoned ones left out."
            " Days: docs/runbooks/parked-events.md.",
        )
        self.parked_abandoned_events = make.gauge(
            "points_parked_abandoned_events",
            "consumer_group",
            _CONSUMERS,
            "Parked events that waited too long; still applied if what they need comes."
            " Above 0: docs/runbooks/parked-events.md.",
        )
        self.brake_engaged = make.gauge(
            "points_brake_engaged",
            "consumer_group",
            _CONSUMERS,
            "1 while the brake holds this group's consumption, else 0. At 1:"
            " docs/runbooks/brake.md.",
        )

    def _outbox(self, make: Catalogue) -> None:
        self.outbox_unpublished_rows = make.gauge(
            "points_outbox_unpublished_rows",
            "service",
            ["relay"],
            "Rows that wait in the outbox; stops counting at 100000."
            " Growing: see that one relay leads and that Kafka takes records.",
        )
        self.outbox_oldest_unpublished_age_seconds = make.gauge(
            "points_outbox_oldest_unpublished_age_seconds",
            "service",
            ["relay"],
            "Age of the oldest row in the outbox; 0 when it is empty."
            " High: nothing is published; see the relay's log and /readyz.",
        )
        self.outbox_published = make.counter(
            "points_outbox_published_total",
            "service topic outcome",
            ["relay"],
            "Rows taken from the outbox, by outcome: published, unpublishable."
            " Unpublishable ones are dead letters of points-relay.",
        )
        self.outbox_publish_duration_seconds = make.histogram(
            "points_outbox_publish_duration_seconds",
            "service",
            ["relay"],
            "From the read of a page to its deletion, acknowledged by the brokers."
            " High: Kafka acknowledges slowly; see its in-sync replicas.",
            _WORK_SECONDS,
        )
        self.outbox_failures = make.counter(
            "points_outbox_failures_total",
            "service cause",
            ["relay"],
            "Times the relay had to begin again, by what failed: database, broker."
            " Rising: that one is down or cut off.",
        )
        self.outbox_leader = make.gauge(
            "points_outbox_leader",
            "service",
            ["relay"],
            "1 in the relay that publishes, 0 in one that stands by."
            " A sum of 0: none can reach the database.",
        )

    def _ledger(self, make: Catalogue) -> None:
        self.posted_points = make.counter(
            "points_posted_points_total",
            "service kind",
            _POSTING,
            "Points of committed entries, by kind (earned, reversed, redeemed, returned, expired,"
            " adjusted), always counted up. An unusual rate: compare with orders, then the rules.",
        )
        self.liability_points = make.gauge(
            "points_liability_points",
            "service",
            ["audit"],
            "What members could spend, in all, as the last whole round of the audit found it."
            " What the merchant owes: a jump without a campaign wants an explanation.",
        )
        self.debt_points = make.gauge(
            "points_debt_points",
            "service",
            ["audit"],
            "What members owe, in all, as the last whole round of the audit found it."
            " Rising: refunds of orders whose points are spent; see the policy for debt.",
        )
        self.ledger_imbalance_points = make.gauge(
            "points_ledger_imbalance_points",
            "check",
            ["audit"],
            "Points by which the ledger contradicts itself, by check; must be 0."
            " Else stop changing it and run `jifen audit verify`, which names the entry.",
        )
        self.ledger_wrong_members = make.gauge(
            "points_ledger_wrong_members",
            "check",
            ["audit"],
            "Members for whom a check fails, as last looked at; stops counting at 1000; must be 0."
            " Else run `jifen audit verify`, which names them.",
        )
        self.ledger_chain_breaks = make.counter(
            "points_ledger_chain_breaks_total",
            "service",
            ["audit"],
            "Members whose hash chain was found broken, each time it is newly found."
            " Above 0: somebody changed entries past the ledger's functions; keep a copy first.",
        )
        self.ledger_chain_verified_height = make.gauge(
            "points_ledger_chain_verified_height",
            "service",
            ["audit"],
            "Entries whose hashes the last whole round of the audit recomputed."
            " Falling: entries are gone, for instance because a backup was restored.",
        )
        self.ledger_skipped_members = make.gauge(
            "points_ledger_skipped_members",
            "service",
            ["audit"],
            "Members with too many entries for a short transaction, left out by the last whole"
            " round. Above 0: check them with `jifen audit verify` at a quiet hour.",
        )

    def _auditing(self, make: Catalogue) -> None:
        self.reconciliation_last_success_timestamp_seconds = make.gauge(
            "points_reconciliation_last_success_timestamp_seconds",
            "check",
            ["audit"],
            "When a check last went through the whole ledger, whatever it found, in seconds since"
            " 1970. Old: see that an audit process leads and that its pages do not fail.",
        )
        self.audit_members = make.counter(
            "points_audit_members_total",
            "service",
            ["audit"],
            "Members whose ledger was recomputed."
            " Flat: no audit process leads, or the database does not answer.",
        )
        self.audit_page_duration_seconds = make.histogram(
            "points_audit_page_duration_seconds",
            "service",
            ["audit"],
            "How long a page of members took; pages adapt to stay short."
            " High: the database is busy or its disk slow; the audit rests in proportion.",
            _WORK_SECONDS,
        )
        self.audit_failures = make.counter(
            "points_audit_failures_total",
            "service",
            ["audit"],
            "Pages that could not be read and were tried again."
            " Rising: the log says why; nothing is checked meanwhile.",
        )
        self.audit_leader = make.gauge(
            "points_audit_leader",
            "service",
            ["audit"],
            "1 in the process that recomputes the ledger, 0 in one that stands by."
            " A sum of 0: none can reach the database.",
        )

    def _expiry(self, make: Catalogue) -> None:
        self.expiry_overdue_lots = make.gauge(
            "points_expiry_overdue_lots",
            "service",
            ["expiry"],
            "Lots past their date that still hold points; stops counting at 100000."
            " Not falling after midnight: docs/runbooks/sweep.md.",
        )
        self.expiry_oldest_overdue_age_seconds = make.gauge(
            "points_expiry_oldest_overdue_age_seconds",
            "service",
            ["expiry"],
            "How long ago the day was over whose points are the oldest not swept; 0 when none are."
            " Hours: docs/runbooks/sweep.md.",
        )
        self.expiry_last_success_timestamp_seconds = make.gauge(
            "points_expiry_last_success_timestamp_seconds",
            "service",
            ["expiry"],
            "When nothing past its date was left, in seconds since 1970."
            " Over a day ago: docs/runbooks/sweep.md.",
        )
        self.expiry_run_duration_seconds = make.histogram(
            "points_expiry_run_duration_seconds",
            "service",
            ["expiry"],
            "From taking a part of the members to having swept all of it."
            " Long: the sweep gives way to other work, or needs more workers.",
            _END_TO_END_SECONDS,
        )
        self.expiry_failures = make.counter(
            "points_expiry_failures_total",
            "service",
            ["expiry"],
            "Members that could not be swept, and parts put off because of our own code."
            " Above 0: the log names them; docs/runbooks/sweep.md.",
        )
        self.expiry_leader = make.gauge(
            "points_expiry_leader",
            "service",
            ["expiry"],
            "1 in the process that says which day it is, 0 in one that stands by."
            " A sum of 0: none can reach the database.",
        )
        self.reminders_planned = make.counter(
            "points_reminders_planned_total",
            "stage",
            ["expiry"],
            "Reminders written and announced, by days before the date."
            " Flat on a day with due dates: see that a program applies and the hour of reminders.",
        )
        self.reminders_skipped = make.counter(
            "points_reminders_skipped_total",
            "stage",
            ["expiry"],
            "Reminders that a downtime left out, because a later one was due or the date over."
            " Rising: expiry was down for a day; members were told later than promised.",
        )

    def _redeeming(self, make: Catalogue) -> None:
        self.reservations_released = make.counter(
            "points_reservations_released_total",
            "service",
            ["redeem"],
            "Reservations that nobody confirmed in time, released by the loop."
            " Many: payments do not confirm; ask where they stay.",
        )
        self.reservation_overdue_seconds = make.gauge(
            "points_reservation_overdue_seconds",
            "service",
            ["redeem"],
            "How long the oldest reservation whose time is over waits for its release; 0 for none."
            " Minutes: docs/runbooks/reservations.md.",
        )

    def _notices(self, make: Catalogue) -> None:
        self.notifications = make.counter(
            "points_notifications_total",
            "channel kind outcome",
            ["notify"],
            "Messages by channel, kind (the template) and outcome: sent, retried, failed."
            " Failed: docs/runbooks/dead-webhooks.md.",
        )
        self.notifications_waiting = make.gauge(
            "points_notifications_waiting",
            "channel",
            ["notify"],
            "Messages that wait for a channel outside; stops counting at 100000."
            " Growing: the channel is slower than messages come, or down.",
        )
        self.notifications_oldest_age_seconds = make.gauge(
            "points_notifications_oldest_age_seconds",
            "channel",
            ["notify"],
            "Age of the message that is next for a channel outside; 0 when none waits."
            " Hours: the channel is down; ask its operator.",
        )
        self.notifications_dead = make.gauge(
            "points_notifications_dead",
            "channel",
            ["notify"],
            "Messages that a channel outside refused for good and that are still kept."
            " Above 0: docs/runbooks/dead-webhooks.md.",
        )
        self.notification_request_duration_seconds = make.histogram(
            "points_notification_request_duration_seconds",
            "channel answer",
            ["notify"],
            "One attempt at a channel outside, by the class of its status or why there is none."
            " 5xx or none: the channel is down; 4xx: it refuses what we send.",
            _WORK_SECONDS,
        )

    def _resources(self, make: Catalogue) -> None:
        self.http_request_duration_seconds = make.histogram(
            "http_server_request_duration_seconds",
            "method route status_class",
            _ALL,
            "Duration of an HTTP request, by route template; who is turned away under too much load"
            " is `unknown`, 5xx. 5xx: see /readyz; slow: see the batch stages and the pool.",
            _WORK_SECONDS,
        )
        self.http_tokens_refused = make.counter(
            "points_http_tokens_refused_total",
            "reason",
            _ALL,
            "Requests answered 401, by what was wrong with their token."
            " Many at once: a caller's key was changed, or somebody tries tokens.",
        )
        self.db_pool_connections = make.gauge(
            "points_db_pool_connections",
            "service state",
            ["mall"],
            "Connections of the pool, by state: idle, used."
            " None idle for long: raise the pool's size or add processes.",
        )
        self.db_pool_wait_seconds = make.histogram(
            "points_db_pool_wait_seconds",
            "service",
            ["mall"],
            "How long a request waited for a connection of the pool."
            " High: the pool is too small or its statements are slow.",
            _WORK_SECONDS,
        )
