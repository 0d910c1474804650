"""Files and folders of a party."""
