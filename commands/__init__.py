"""The command line's parts: one file a command, and the options they share."""

from commands.check import check
from commands.diagnose import diagnose
from commands.diff import diff
from commands.explain import explain
from commands.keys import keys
from commands.schema import schema
from commands.sign import sign

COMMANDS = (check, keys, sign, explain, diagnose, diff, schema)
"""All commands but those that serve, in the order in which a newcomer may want them."""
