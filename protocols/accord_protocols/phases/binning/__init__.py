"""Machines of binning: cutting columns, and weighing what their bins say of the label."""
