"""A page for people: what an agent's party decides, sees and downloads, in a browser on its own machine."""
