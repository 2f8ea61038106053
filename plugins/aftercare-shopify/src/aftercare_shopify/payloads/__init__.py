"""What the bodies of webhooks say: JSON in, snapshots out."""
