"""Which IP addresses a name may lead to: only those that the whole internet can reach by one path.

`ipaddress.is_global` is not enough: it passes multicast and the translation and tunnel ranges that carry an IPv4
address inside an IPv6 one, by which a private address is reached under a public-looking name.
"""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_REFUSED = {
    ipaddress.ip_network(network): reason
    for network, reason in (
        ("0.0.0.0/8", "this network (RFC 791)"),
        ("100.64.0.0/10", "shared address space (RFC 6598)"),
        ("192.0.0.0/24", "IETF protocol assignments (RFC 6890)"),
        ("192.88.99.0/24", "6to4 relay (RFC 7526)"),
        ("198.18.0.0/15", "benchmarking (RFC 2544)"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/96", "IPv4-compatible (RFC 4291)"),
        ("::ffff:0:0/96", "IPv4-mapped (RFC 4291)"),
        ("64:ff9b::/96", "NAT64 (RFC 6052)"),
        ("64:ff9b:1::/48", "local NAT64 (RFC 8215)"),
        ("100::/64", "discard-only (RFC 6666)"),
        ("2001::/23", "IETF protocol assignments, Teredo among them (RFC 2928)"),
        ("2002::/16", "6to4 (RFC 3056)"),
        ("3fff::/20", "documentation (RFC 9637)"),
        ("5f00::/16", "segment routing (RFC 9602)"),
        ("fec0::/10", "site-local (RFC 3879)"),
        ("ff00::/8", "multicast"),
    )
}


def refusal(address: Address) -> str | None:
    """Why an address is not to be connected to unless it is named in ``tiers.yaml``, or None for a public one."""
    for network, reason in _REFUSED.items():
        if address.version == network.version and address in network:
            return reason
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    return None if address.is_global else "private or reserved"
