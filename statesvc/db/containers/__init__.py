"""The rows of containers: look-up, insertion, lists, names, lifecycle, execs, health, waits."""
