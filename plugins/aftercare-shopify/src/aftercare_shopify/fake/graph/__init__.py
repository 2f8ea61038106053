"""The GraphQL Admin API of a fake shop, executed on Shopify's own schema."""
