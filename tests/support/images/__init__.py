"""Images for tests in containers: the official ones where they can be pulled, else stand-ins."""
