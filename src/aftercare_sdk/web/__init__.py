"""The endpoint that shops send their webhooks to."""
