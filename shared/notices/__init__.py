"""What members are told, in their language: messages are kept as data and become text here."""
