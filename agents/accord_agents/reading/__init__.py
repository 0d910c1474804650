"""What of a party's files a job reads."""
