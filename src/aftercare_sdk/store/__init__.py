"""Tables, queries by noun and migrations, on SQLite and PostgreSQL alike."""
