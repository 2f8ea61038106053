"""The arithmetic of points: allocating them, what of them stands after refunds, lots, expiry. No I/O."""
