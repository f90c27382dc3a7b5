"""Figures that the documentation tells, and the parts that they are measured with."""
