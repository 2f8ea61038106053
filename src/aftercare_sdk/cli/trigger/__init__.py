"""`aftercare trigger`: the command, the orders that nobody made, and how a request is sent."""
