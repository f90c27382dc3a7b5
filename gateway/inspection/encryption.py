"""How media is encrypted, and whose keys open it, in words."""

from __future__ import annotations

from dataclasses import dataclass

_SYSTEMS = {
    "com.apple.streamingkeydelivery": "FairPlay",
    "94ce86fb-07ff-4f43-adb8-93d2fa968ca2": "FairPlay",
    "edef8ba9-79d6-4ace-a3c8-27dcd51d21ed": "Widevine",
    "com.widevine": "Widevine",
    "com.microsoft.playready": "PlayReady",
    "9a04f079-9840-4286-ab92-e65be0885f95": "PlayReady",
    "org.w3.clearkey": "ClearKey",
    "e2719d58-a985-b3c9-781a-b030af78d30e": "ClearKey",
    "1077efec-c0b2-4d02-ace3-3c1e52e2fb4b": "ClearKey",
    "f239e769-efa3-4850-9c16-a903c6932efb": "Adobe Primetime",
    "3d5e6d35-9b9a-41e8-b843-dd3c6e72c42c": "ChinaDRM",
}
_SCHEMES = {
    "cenc": "AES-CTR (cenc)",
    "cens": "AES-CTR pattern (cens)",
    "cbc1": "AES-CBC (cbc1)",
    "cbcs": "AES-CBC pattern (cbcs)",
}


@dataclass(frozen=True, slots=True)
class Encryption:
    """``method`` as the presentation names it; ``system`` who gives the key out: "a key file" where it is fetched
    like any other resource, empty where that is not told."""

    method: str
    system: str = ""

    @property
    def words(self) -> str:
        """Both for people: "SAMPLE-AES with FairPlay"."""
        method = _SCHEMES.get(self.method, self.method)
        return f"{method} with {self.system}" if self.system else method


def system_of(key_format: str) -> str:
    """Who gives out the keys of a KEYFORMAT or a ``urn:uuid:`` scheme; its own text where it is not known."""
    plain = key_format.strip().lower().removeprefix("urn:uuid:")
    if plain in {"", "identity"}:
        return "a key file"
    return _SYSTEMS.get(plain, key_format.strip()[:100])
