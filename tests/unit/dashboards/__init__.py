"""The dashboards: what their queries name is there, and what they show is explained."""
