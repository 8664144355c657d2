"""What the scenarios are made of: swarmward itself, certificates, clients and backends."""
