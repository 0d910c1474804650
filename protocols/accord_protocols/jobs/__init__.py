"""Which machines there are."""
