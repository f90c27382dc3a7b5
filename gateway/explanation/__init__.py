"""Why a request would be answered as it would: asked of the tier's policies one by one, counting nothing."""

from gateway.explanation.asked import Asked, asked, secret_refusal
from gateway.explanation.keys import Dead, Living, meant
from gateway.explanation.steps import Explanation, Outcome, Step, explain

__all__ = [
    "Asked",
    "Dead",
    "Explanation",
    "Living",
    "Outcome",
    "Step",
    "asked",
    "explain",
    "meant",
    "secret_refusal",
]
