"""How each profile encrypts to exactly the recipients of an event. One file each."""
