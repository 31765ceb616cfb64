"""The `merge` command: one corpus without shared posts between its splits, from several sources."""
