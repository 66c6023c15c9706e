"""Real orders, told through Kafka, and what became of them."""
