"""What a fake shop keeps: a module for each kind of thing."""
