"""report.html: one run on one page, without scripts and without anything from elsewhere."""
