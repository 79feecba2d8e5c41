"""Who opens the shop on which day."""
