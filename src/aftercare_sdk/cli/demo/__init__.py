"""`aftercare demo`: real webhooks come in over HTTP, the right mails go out over SMTP, and a page shows why."""
