"""The command line's parts: one file a command, and the options they share."""
