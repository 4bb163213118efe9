"""How long calls take: predicted from rates that are measured once on a machine."""
