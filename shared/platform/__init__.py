"""The ground: database, broker, HTTP, logs, metrics, clock, settings."""
