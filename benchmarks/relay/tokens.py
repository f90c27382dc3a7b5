"""Microseconds of processor time for a session token, verified for the first time and again, beside PyJWT."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import jwt

from benchmarks.figure import Figure, Line, Report, Scale
from gateway.identity import KeyFile, Keyring, Keys, SessionTokens, read_keys
from gateway.identity.gate import ISSUER

WARM_US, COLD_US = 2.0, 60.0
LIFETIME = 1800
ROUNDS = 5
VIEWERS = 100
"""Tokens that are shown again and again."""


def _microseconds(verify: Callable[[str], object], texts: Sequence[str]) -> float:
    """Of processor time for each text, the loop's own with it."""
    started = time.process_time()
    for text in texts:
        verify(text)
    return (time.process_time() - started) / len(texts) * 1e6


def _verifier(keyring: Keyring, keys: Keys) -> Callable[[str], object]:
    """One that has seen no token yet."""
    tokens = SessionTokens(keyring, time.time)
    return lambda text: tokens.verify(text, keys, LIFETIME)


def measure(scale: Scale) -> Report:
    """``requests`` tokens, each verified once cold; as often warm; in turn, five rounds."""
    with TemporaryDirectory(prefix="sluicegate-") as folder:
        keyring, path = Keyring.generate(), Path(folder) / "keys.yaml"
        key = KeyFile(path, keyring.pepper, time.time).add("viewer", "standard")
        keys = Keys(read_keys(path), {}, keyring.pepper, {"standard"})
    identity = keys.authenticate(key.text, time.time())
    minting = SessionTokens(keyring, time.time)
    texts = [minting.mint(identity, LIFETIME).token for _ in range(scale.requests)]
    again = (texts[:VIEWERS] * (len(texts) // VIEWERS + 1))[: len(texts)]
    secret = keyring.secrets[keyring.signing_kid]
    colds, warms, plains = [], [], []
    for _ in range(ROUNDS):
        verify = _verifier(keyring, keys)
        colds.append(_microseconds(verify, texts))
        _microseconds(verify, again)  # those that were forgotten since
        warms.append(_microseconds(verify, again))
        plains.append(_microseconds(lambda text: jwt.decode(text, secret, ["HS256"], audience=ISSUER), texts))
    warm, cold, plain = median(warms), median(colds), median(plains)
    return Report(
        [
            Line("again", f"{warm:.2f} us", f"at most {WARM_US:.0f} us", kept=warm <= WARM_US),
            Line("for the first time", f"{cold:.1f} us", f"at most {COLD_US:.0f} us", kept=cold <= COLD_US),
            Line("peer: PyJWT, which keeps nothing", f"{plain:.1f} us"),
            Line("  first time to PyJWT", f"{cold / plain:.2f}"),
        ]
    )


FIGURE = Figure("tokens", (__doc__ or "").strip(), Scale(5000, 5), measure)

if __name__ == "__main__":
    FIGURE.main()
