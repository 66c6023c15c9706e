"""What members are told and how deliveries end: pure."""
