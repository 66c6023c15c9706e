"""What travels over Kafka: wire models, topics, codec, fingerprints."""
