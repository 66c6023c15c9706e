"""What orders, refunds, check-ins and shares are worth: functions of their arguments alone."""
