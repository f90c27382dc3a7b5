"""A shared HTTP cache (RFC 9111) in which one fetch serves many."""

from gateway.cache.cache import Cache
from gateway.cache.place import memory_folder
from gateway.cache.reading import Filed
from gateway.cache.shelf import Shelf
from gateway.cache.shelves import Shelves

__all__ = ["Cache", "Filed", "Shelf", "Shelves", "memory_folder"]
