"""What Shopify's GraphQL API tells of objects, as snapshots."""
