"""A package of several files."""

from .cart import Cart
from .prices.table import price

__all__ = ["Cart", "price"]
__version__ = "1.2"
