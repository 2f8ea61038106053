"""How a database becomes this release's; run by `store.schema`."""
