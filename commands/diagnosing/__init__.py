"""Looking into why something does not play: what is fetched, in which order, by the gateway's own parts."""
