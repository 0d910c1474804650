"""Floor 4: what is played. Scenario files, the runner, the report and the command line."""
