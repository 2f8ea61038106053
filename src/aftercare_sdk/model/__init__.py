"""Values, facts and contracts. Nothing here performs input or output or reads a clock."""
