"""PostgreSQL, Kafka and the services on one machine, without Docker."""
