"""The bodies of webhooks, with the keys, the nulls and the order of Shopify's samples."""
