"""Code that is written once, proven, and inherited."""

__version__ = "0.1.0"
