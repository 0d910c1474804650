"""The half of each job that people see: what its scenario says, and how its results read."""
