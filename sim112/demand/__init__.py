"""Who calls: everything random about one replication, drawn by permanent keys before the simulation."""
