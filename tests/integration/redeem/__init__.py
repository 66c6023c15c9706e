"""Redeem on real PostgreSQL and Kafka."""
