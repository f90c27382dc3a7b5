"""``tiers.yaml`` as a language: its text with places, its policies from files, its tiers compiled."""

from gateway.tiers.compile import TierFile, compile_tiers
from gateway.tiers.errors import ConfigError, ConfigErrors
from gateway.tiers.plugins import PluginError, discover
from gateway.tiers.storage import Storage
from gateway.tiers.tier import Tier

__all__ = ["ConfigError", "ConfigErrors", "PluginError", "Storage", "Tier", "TierFile", "compile_tiers", "discover"]
