"""What an edit of ``tiers.yaml`` would change: for everyone, for each tier, and for each client."""

from gateway.comparison.change import Change, Effect
from gateway.comparison.clients import ClientChange, by_client
from gateway.comparison.tiers import Comparison, TierChange, compare

__all__ = ["Change", "ClientChange", "Comparison", "Effect", "TierChange", "by_client", "compare"]
