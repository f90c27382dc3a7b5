"""What rewriting does to manifests, and what it costs."""
