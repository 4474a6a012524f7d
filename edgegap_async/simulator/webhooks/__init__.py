"""The webhooks that the local Edgegap sends."""
