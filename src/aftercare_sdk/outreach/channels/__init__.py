"""The channels that come with the SDK: SMTP, a Maildir for development, and one that only collects."""
