"""What the SDK is measured against: the plain way, and the limit of the machine."""
