"""Relay promises that every outbox row reaches Kafka at least once, each member's in order."""
