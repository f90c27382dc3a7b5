"""Who asks: API keys, session tokens, playback grants, and the secrets behind them. The only user of PyJWT."""

from gateway.identity.gate import Marks
from gateway.identity.grants import HOUR, LONGEST_VOD, POST, VOD, Grant, Grants, longest_grant, longest_of, opening
from gateway.identity.keyfile import KeyFile, read_keys
from gateway.identity.keyring import Keyring, KeyringError, keyring_path
from gateway.identity.keys import KeyRecord, Keys
from gateway.identity.node import KeyFileError
from gateway.identity.notes import Notes, NoteTooLongError
from gateway.identity.scope import Scope
from gateway.identity.slowdown import Slowdown
from gateway.identity.tokens import Minted, SessionTokens

__all__ = [
    "HOUR",
    "LONGEST_VOD",
    "POST",
    "VOD",
    "Grant",
    "Grants",
    "KeyFile",
    "KeyFileError",
    "KeyRecord",
    "Keyring",
    "KeyringError",
    "Keys",
    "Marks",
    "Minted",
    "NoteTooLongError",
    "Notes",
    "Scope",
    "SessionTokens",
    "Slowdown",
    "keyring_path",
    "longest_grant",
    "longest_of",
    "opening",
    "read_keys",
]
