"""Figures of the relay, beside peers that do the same work in the same run."""
