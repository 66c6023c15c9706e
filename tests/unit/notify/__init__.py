"""Notify's rules without servers: texts, signatures, what follows from an answer."""
