"""What the shop's staff must know: seen in the database, kept as alerts, told through apprise."""
