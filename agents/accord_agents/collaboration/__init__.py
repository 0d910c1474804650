"""One collaboration as a fold of its journal's rows; pure, no input or output."""
