"""Redeeming as pure rules: what a command comes to, over state that was loaded."""
