"""The processes of Jifen; each keeps one promise and talks to the others only through Kafka."""
