"""HTTP/1 (RFC 9112) between a client and Tornado's handlers: strict with what comes, and quick."""
