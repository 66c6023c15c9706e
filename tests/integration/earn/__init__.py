"""Earn on real PostgreSQL and Kafka."""
