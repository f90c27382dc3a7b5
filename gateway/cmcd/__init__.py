"""What players tell of their playback with each request (Common Media Client Data, CTA-5004 and CTA-5004-B)."""

from gateway.cmcd.carried import FIELDS, NAMES, PARAMETER, addressed, read_report, told
from gateway.cmcd.report import Report

__all__ = ["FIELDS", "NAMES", "PARAMETER", "Report", "addressed", "read_report", "told"]
