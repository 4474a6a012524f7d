"""What exists in a local Edgegap, and how it changes over time."""
