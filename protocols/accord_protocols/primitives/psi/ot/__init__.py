"""An OPRF by oblivious-transfer extension: for sets of millions, as it costs symmetric cryptography alone."""
