"""Reading a party's own file, once: CSV to a checked table, and the digest-named snapshot that a job works on."""
