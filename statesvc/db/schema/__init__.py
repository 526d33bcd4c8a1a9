"""Tables, types and triggers; migrations; backups; the check of the file."""
