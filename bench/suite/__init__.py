"""The comparison bench: swarmward and its peers on one core, the load on another."""
