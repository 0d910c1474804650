"""Identities, the keystore and the sealing of events."""
