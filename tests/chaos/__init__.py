"""What is killed, stopped, restored and moved while events flow."""
