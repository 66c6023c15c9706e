"""Services as processes on real PostgreSQL and Kafka: bad input, strange producers."""
