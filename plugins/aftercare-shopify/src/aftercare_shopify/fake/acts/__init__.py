"""What customers, staff and carriers do, and what that moves and announces."""
