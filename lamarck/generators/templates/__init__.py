"""Programs that are kept for routine requests: matched, fitted to what is asked, and proven like any candidate."""
