"""statesvc: the durable state plane of a container engine, in one SQLite database."""

__version__ = "0.1.0"
