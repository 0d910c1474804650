"""Floor 3: who acts. The party loop, journal, outbox, executor, keystore and policy."""
