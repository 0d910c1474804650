"""Identities, the keystore and the encryption of events."""
