"""How what plays is addressed: where a manifest's references lead, what opens them, and for how long."""
