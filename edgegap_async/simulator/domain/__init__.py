"""The state of a local Edgegap and how it changes over time."""
