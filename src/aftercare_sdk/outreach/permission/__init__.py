"""Whether a message may reach somebody: what the person has said, what the law asks for, suppression."""
