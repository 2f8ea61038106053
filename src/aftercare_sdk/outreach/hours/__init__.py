"""When a message may reach somebody: zones, hours, holidays, by the clock of whoever gets it."""
