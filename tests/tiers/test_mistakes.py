"""One small file for each way to be wrong, with the place and the words that it is told with."""

from __future__ import annotations

import pytest

from tests.tiers.samples import mistakes

GOOD = "tiers: {a: {streaming: true}}\n"
"""One line that is right, to stand before or after what is wrong."""


def policy(line: str) -> str:
    """A tier's one line; it begins at 3:5."""
    return f"tiers:\n  a:\n    {line}\n"


def entry(line: str) -> str:
    """An origin's second line; it begins at 3:5."""
    return f"origins:\n  - url: https://a.org\n    {line}\n{GOOD}"


NOT_PLAIN_YAML = {
    "empty": ("", "1:1", "the file is empty; it must name at least one tier"),
    "comments only": ("# nothing\n", "1:1", "the file is empty"),
    "utf-16": (GOOD.encode("utf-16"), "1:1", "not UTF-8 text; save the file as UTF-8"),
    "latin-1": (GOOD.encode() + "# é".encode() + b"\xe9", "2:4", "not UTF-8 text"),
    "control character": (GOOD + "# \x07", "2:3", "control character; take it out"),
    "nul": (GOOD + "\0", "2:1", "control character"),
    "tab as indentation": ("tiers:\n\ta: {}\n", "2:1", "a tab; write spaces"),
    "tab before a value": (policy("streaming:\ttrue"), "3:15", "a tab; write spaces"),
    "tab before a comment": (policy("streaming: true\t# yes"), "3:20", "a tab; write spaces"),
    "list on top": ("- a\n- b\n", "1:1", "holds a list; it must be a mapping"),
    "text on top": ("hello\n", "1:1", "holds hello; it must be a mapping"),
    "cut off in a mapping": ("tiers:\n  a: {streaming: true", "2:22", "not YAML: expected ',' or '}'"),
    "cut off in quotes": (policy("open_key: 'pub"), "4:1", "not YAML: found unexpected end of stream"),
    "two colons": (policy("streaming: true: false"), "3:20", "not YAML: mapping values are not allowed here"),
    "wrong indentation": ("tiers:\n  a:\n    streaming: true\n   b: 1\n", "4:4", "not YAML: expected <block end>"),
    "reserved character": (policy("streaming: @yes"), "3:16", "not YAML: found character '@'"),
    "no colon": (policy("streaming: true\n    max_duration 2h"), "4:5", "not YAML: could not find expected ':'"),
    "two documents": (GOOD + "---\n" + GOOD, "2:1", "a second document begins here; the file holds one"),
    "another YAML": ("%YAML 2.0\n---\n" + GOOD, "1:1", "not YAML: found incompatible YAML document"),
    "anchor": (policy("streaming: &yes true"), "3:16", "anchors and aliases are not read"),
    "anchored tier": ("tiers:\n  a: &a {streaming: true}\n", "2:6", "build on another with extends:"),
    "alias": (policy("streaming: *yes"), "3:16", "build on another with extends:"),
    "merge key": (policy("<<: {streaming: true}"), "3:5", "merge keys are not read; let one tier build on another"),
    "tag": (policy("streaming: !!bool true"), "3:16", "the tag tag:yaml.org,2002:bool is not read"),
    "python tag": (policy("x: !!python/object/apply:os.system [id]"), "3:8", "write the plain value"),
    "too deep": ("tiers: " + "[" * 100_000, "1:27", "nested more than 20 deep"),
    "too deep in blocks": ("\n".join(" " * n + "a:" for n in range(500)), "21:21", "nested more than 20 deep"),
    "list as a key": ("? [a]\n: b\n", "1:3", "a key cannot be a list; write one plain word"),
    "nothing as a key": ("~: b\n", "1:1", "a key cannot be ~; write one plain word"),
    "duplicate top key": (GOOD + GOOD, "2:1", "tiers stands twice, first in line 1; keep one"),
    "duplicate tier": ("tiers:\n  a: {streaming: true}\n  a: {streaming: true}\n", "3:3", "a stands twice"),
    "duplicate policy": (policy("streaming: true\n    'streaming': true"), "4:5", "stands twice, first in line 3"),
    "duplicate field": (policy("rate_limit: {limit: 1, limit: 2, window: 1s}"), "3:28", "limit stands twice"),
}

ABOVE_THE_TIERS = {
    "unknown key": ("origin: []\n" + GOOD, "1:1", "unknown key origin; did you mean origins?"),
    "unlike any key": ("zzz: 1\n" + GOOD, "1:1", "unknown key zzz; known are origins, session, playback, cache, tiers"),
    "origins no list": ("origins: https://a.example.com\n" + GOOD, "1:10", "it must be a list"),
    "origins nothing": ("origins:\n" + GOOD, "1:9", "origins is nothing; it must be a list"),
    "origin without a url": ("origins:\n  - fallback: https://b.org\n" + GOOD, "2:5", "the field url is missing"),
    "origin's field": (entry("fallbacks: https://b.org"), "3:5", "unknown field fallbacks; did you mean fallback?"),
    "fallback of many": (
        "origins:\n  - {url: https://*.b.org, fallback: https://c.org}\n" + GOOD,
        "2:38",
        "https://*.b.org is many origins, which no fallback stands in for; name them one by one",
    ),
    "fallback to many": (
        entry("fallback: [https://b.org, https://*.c.org]"),
        "3:31",
        "a fallback is one",
    ),
    "fallback to itself": (entry("fallback: [https://a.org:443/]"), "3:16", "is the origin itself"),
    "fallback twice": (entry("fallback: [https://b.org, https://b.org]"), "3:31", "stands twice in the list"),
    "fallback with a path": (entry("fallback: https://b.org/x"), "3:15", "has more than an origin"),
    "fallback by a private name": (entry("fallback: http://localhost:1"), "3:15", "write 127.0.0.1, not localhost"),
    "fallback of another kind": (entry("fallback: file:///etc/passwd"), "3:15", "is not an origin"),
    "no fallback": (entry("fallback: []"), "3:15", "the list is empty"),
    "timeout without a unit": (entry("connect_timeout: 5"), "3:22", "'5' is not a duration"),
    "no time to connect": (entry("connect_timeout: 0s"), "3:22", "'0s' is not a duration"),
    "too long to connect": (entry("connect_timeout: 61s"), "3:22", "the longest connect_timeout is 60s"),
    "too long a stall": (entry("stall_timeout: 301s"), "3:20", "the longest stall_timeout is 5m"),
    "told what": (entry("cmcd: yes"), "3:11", "true or false"),
    "reached in two ways": (
        entry("stall_timeout: 3s\n  - https://a.org"),
        "4:5",
        "is reached in two ways",
    ),
    "origin nothing": ("origins:\n  -\n" + GOOD, "2:4", "nothing stands where one plain value is wanted"),
    "origin of no web": ("origins:\n  - ftp://a.example.com\n" + GOOD, "2:5", "use http or https"),
    "origin with a path": ("origins: ['https://a.example.com/x']\n" + GOOD, "1:11", "write https://a.example.com"),
    "any origin": ("origins: ['*']\n" + GOOD, "1:11", "as in https://*.example.com"),
    "session short": ("session: 30m\n" + GOOD, "1:10", "a mapping is wanted; write {lifetime: 30m}"),
    "cache unit": ("cache: {memory: 256}\n" + GOOD, "1:17", "write a whole number and one of kB"),
    "cache small": ("cache: {disk: 1MiB}\n" + GOOD, "1:8", "disk: 1MiB is too little to keep media in"),
    "cache field": ("cache: {memroy: 64MiB}\n" + GOOD, "1:9", "did you mean memory?"),
    "cache off": ("cache: off\n" + GOOD, "1:8", "write true or false"),
    "playback short": ("playback: 6h\n" + GOOD, "1:11", "write {lifetime: 360m}"),
    "session empty": ("session: {}\n" + GOOD, "1:10", "the field lifetime is missing"),
    "session field": ("session: {lifetme: 3m, lifetime: 3m}\n" + GOOD, "1:11", "did you mean lifetime?"),
    "session in shadow": ("session: {lifetime: 3m, shadow: true}\n" + GOOD, "1:25", "unknown field shadow"),
    "lifetime no unit": ("session: {lifetime: 1800}\n" + GOOD, "1:21", "write a whole number and a unit, such as 60s"),
    "lifetime zero": ("session: {lifetime: 0s}\n" + GOOD, "1:21", "not a duration"),
    "lifetime endless": ("session: {lifetime: 366d}\n" + GOOD, "1:10", "the longest is 365d"),
}

TIERS = {
    "no tiers": ("origins: []\n", "1:1", "there are no tiers; name at least one"),
    "tiers nothing": ("tiers:\n", "1:7", "there are no tiers; name at least one"),
    "tiers without one": ("tiers: {}\n", "1:8", "there are no tiers; name at least one"),
    "tiers a list": ("tiers: [a]\n", "1:8", "there are no tiers; name at least one"),
    "tier empty": ("tiers: {a: {}}\n", "1:9", "the tier a is empty; name its policies"),
    "tier nothing": ("tiers:\n  a:\n", "2:3", "the tier a is empty; name its policies"),
    "tier with a key only": ("tiers: {a: {open_key: x}}\n", "1:9", "the tier a is empty; name its policies"),
    "tier a word": ("tiers: {a: free}\n", "1:12", "the tier a is free; it must be a mapping"),
    "tier a list": ("tiers:\n  a: [streaming]\n", "2:6", "the tier a is a list; it must be a mapping"),
    "tier in capitals": ("tiers: {Pro: {streaming: true}}\n", "1:9", "Pro is not a tier's name; use up to 32 small"),
    "tier of a digit": ("tiers: {1a: {streaming: true}}\n", "1:9", "1a is not a tier's name"),
    "tier name too long": (f"tiers: {{{'a' * 33}: {{streaming: true}}}}\n", "1:9", "use up to 32 small letters"),
    "extends no tier": (
        "tiers:\n  standard: {streaming: true}\n  big: {extends: standrad}\n",
        "3:18",
        "there is no tier standrad to extend; did you mean standard?",
    ),
    "extends nothing": ("tiers: {a: {extends: }}\n", "1:21", "nothing stands where one plain value is wanted"),
    "extends several": ("tiers: {a: {extends: [b, c]}}\n", "1:22", "a list stands where one plain value is wanted"),
    "extends alone": ("tiers: {a: {extends: b}}\n", "1:22", "there is no tier b to extend; add it"),
    "extends itself": ("tiers: {a: {extends: a}}\n", "1:22", "in a circle: a -> a; let one of them stand by itself"),
    "circle": (
        "tiers:\n  a: {extends: b}\n  b: {extends: c}\n  c: {extends: b}\n",
        "4:16",
        "the tiers extend each other in a circle: b -> c -> b",
    ),
    "open key nothing": (policy("streaming: true\n    open_key: null"), "4:15", "null stands where one plain value"),
    "open key a switch": (policy("streaming: true\n    open_key: true"), "4:15", "true would be the key itself"),
    "open key empty": (policy("streaming: true\n    open_key: ''"), "4:15", '"" cannot be an open_key'),
    "open key with a space": (policy("streaming: true\n    open_key: a b"), "4:15", "characters without spaces"),
    "open key too long": (policy(f"streaming: true\n    open_key: {'k' * 257}"), "4:15", "up to 256 printable"),
    "open key like a key": (policy("streaming: true\n    open_key: sg_x"), "4:15", "not beginning with sg_"),
    "open key twice": (
        "tiers:\n  a: {streaming: true, open_key: x}\n  b: {streaming: true, open_key: 'x'}\n",
        "3:34",
        "the tier a has this open_key already; give each tier one of its own",
    ),
}

POLICIES = {
    "policy among the tiers": (
        "tiers:\n  a: {streaming: true}\n  rate_limit: 1/1s\n",
        "3:3",
        "indent it under its tier",
    ),
    "policy above the tiers": (GOOD + "rate_limit: 1/1s\n", "2:1", "it is a policy; write it in a tier, indented"),
    "unknown policy": (policy("rate_limt: 1/1s"), "3:5", "unknown policy rate_limt; did you mean rate_limit?"),
    "nearly open_key": (policy("openkey: x"), "3:5", "unknown policy openkey; did you mean open_key?"),
    "shadow beside the policies": (policy("shadow: true"), "3:5", "write it among the fields of a policy, as in"),
    "policy nothing": (policy("rate_limit:"), "3:16", "rate_limit has no value; write one, or take the line out"),
    "policy null": (policy("rate_limit: null"), "3:17", "rate_limit has no value; write one"),
    "rate a number": (policy("rate_limit: 10"), "3:17", "write requests per window, such as 10/60s"),
    "rate zero": (policy("rate_limit: 0/60s"), "3:17", "not a rate"),
    "rate negative": (policy("rate_limit: -1/60s"), "3:17", "not a rate"),
    "rate without unit": (policy("rate_limit: 10/60"), "3:17", "such as 60s, 30m, 6h or 1d"),
    "rate sexagesimal": (policy("rate_limit: 10/1:30"), "3:17", "such as 60s, 30m, 6h or 1d"),
    "field unknown": (policy("rate_limit: {limit: 1, windw: 1s, window: 1s}"), "3:28", "did you mean window?"),
    "field missing": (policy("rate_limit: {limit: 1}"), "3:17", "the field window is missing; write limit and window"),
    "field empty": (policy("rate_limit: {limit: , window: 1s}"), "3:24", "nothing is not a whole number"),
    "window sexagesimal": (policy("rate_limit: {limit: 1, window: 1:30}"), "3:36", "such as 60s"),
    "window bare": (policy("rate_limit: {limit: 1, window: 60}"), "3:36", "such as 60s"),
    "window endless": (policy("rate_limit: {limit: 1, window: 9999999999s}"), "3:36", "too long a duration"),
    "number zero": (policy("variety: {mode: deny, count: 0}"), "3:34", "zero allows nothing; write plain digits"),
    "number negative": (policy("variety: {mode: deny, count: -5}"), "3:34", "cannot be negative"),
    "number octal": (policy("variety: {mode: deny, count: 017}"), "3:34", "octal, hexadecimal and binary"),
    "number hexadecimal": (policy("variety: {mode: deny, count: 0x10}"), "3:34", "octal, hexadecimal and binary"),
    "number grouped": (policy("variety: {mode: deny, count: 1_000}"), "3:34", "digits are not grouped"),
    "number exponent": (policy("variety: {mode: deny, count: 1e3}"), "3:34", "fractions and exponents are not read"),
    "number fraction": (policy("variety: {mode: deny, count: 1.5}"), "3:34", "fractions and exponents are not read"),
    "number quoted": (policy("variety: {mode: deny, count: '5'}"), "3:34", "because it is quoted"),
    "number a word": (policy("variety: {mode: deny, count: many}"), "3:34", "many is not a whole number above zero"),
    "number too large": (policy("variety: {mode: deny, count: 1000000000001}"), "3:34", "the largest is 1000000000000"),
    "number a list": (policy("variety: {mode: deny, count: [1]}"), "3:34", "a list is not a whole number"),
    "switch yes": (policy("streaming: yes"), "3:16", "yes is not read as yes or no; write true or false"),
    "switch on": (policy("streaming: on"), "3:16", "on is not read as yes or no; write true or false"),
    "switch True": (policy("streaming: True"), "3:16", "True is not read as yes or no; write true or false"),
    "switch quoted": (policy("streaming: 'true'"), "3:16", "'true' is not read as yes or no; write true or false"),
    "switch a number": (policy("streaming: 1"), "3:16", "1 is neither true nor false; write true or false"),
    "switch a list": (policy("streaming: [true]"), "3:16", "a list is neither true nor false"),
    "shadow a word": (policy("streaming: {allowed: true, shadow: yes}"), "3:40", "write true or false"),
    "shadow alone": (policy("streaming: {shadow: true}"), "3:16", "the field allowed is missing"),
    "no such choice": (policy("variety: maybe"), "3:14", "maybe is not one of the choices; write local or deny or"),
    "choice in capitals": (policy("variety: {mode: Deny}"), "3:21", "write local or deny or allow"),
    "text nothing": (policy("variety: {mode: deny, label: ~}"), "3:34", "~ stands where one plain value is wanted"),
    "text a mapping": (policy("variety: {mode: deny, label: {}}"), "3:34", "a mapping stands where one plain value"),
    "list a mapping": (policy("variety: {mode: deny, hosts: {a: b}}"), "3:34", "a list is wanted; write [one, two]"),
    "list nothing": (policy("variety: {mode: deny, hosts: }"), "3:33", "nothing stands where a list is wanted"),
    "list empty": (policy("variety: {mode: deny, hosts: []}"), "3:34", "the list is empty; name something"),
    "list doubled": (policy("variety: {mode: deny, hosts: [a, b, 'a']}"), "3:41", "'a' stands twice in the list"),
    "list doubled in other words": (policy("rate_limit: [60/1m, 60/60s]"), "3:25", "60/60s stands twice in the list"),
    "list too long": (policy(f"rate_limit: [{'1/1s, ' * 1001}]"), "3:17", "the list has 1001 items; the most is 1000"),
    "rate without an end": (
        policy(f"rate_limit: {'9' * 301}"),
        "3:17",
        "... has 301 characters; no value has more than",
    ),
    "window without an end": (
        policy(f"max_duration: {'9' * 301}"),
        "3:19",
        "... has 301 characters; no value has more",
    ),
    "mapping a word": (policy("variety: {mode: deny, costs: a}"), "3:34", "a mapping is wanted; write {name: value}"),
    "mapping a list": (policy("variety: {mode: deny, costs: [a]}"), "3:34", "a list stands where a mapping is wanted"),
    "mapping nothing": (policy("variety: {mode: deny, costs: }"), "3:33", "nothing stands where a mapping is wanted"),
    "mapping of a name unknown": (
        policy("variety: {mode: deny, costs: {c: 1}}"),
        "3:35",
        "c is not one of the choices",
    ),
    "mapping of a value wrong": (policy("variety: {mode: deny, costs: {a: 0}}"), "3:38", "zero allows nothing"),
    "mapping doubled": (
        policy("variety: {mode: deny, costs: {a: 1, a: 2}}"),
        "3:41",
        "a stands twice, first in line 3",
    ),
    "mapping doubled in other words": (
        policy("variety: {mode: deny, waits: {60s: 1, 1m: 2}}"),
        "3:43",
        "1m stands twice, in other words; keep one",
    ),
    "field of the class alone": (policy("variety: {mode: deny, made: 1}"), "3:27", "unknown field made"),
    "list in a list": (policy("variety: {mode: deny, hosts: [a, [b]]}"), "3:38", "a list stands where one plain"),
    "refused by the policy": (
        policy("variety: {mode: deny, label: taken}"),
        "3:14",
        "the label is taken; write another",
    ),
}

ALL = NOT_PLAIN_YAML | ABOVE_THE_TIERS | TIERS | POLICIES


@pytest.mark.parametrize(("content", "place", "words"), ALL.values(), ids=ALL)
def test_a_mistake_is_told_with_its_place_and_what_would_be_right(content: str | bytes, place: str, words: str) -> None:
    (told,) = mistakes(content)
    assert told.startswith(f"tiers.yaml:{place}: ")
    assert words in told
    assert "; " in told or "as in " in told


def test_no_way_to_be_wrong_hides_another() -> None:
    assert len(ALL) == sum(len(table) for table in (NOT_PLAIN_YAML, ABOVE_THE_TIERS, TIERS, POLICIES))
