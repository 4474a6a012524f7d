"""The webhooks that the local Edgegap sends: when, to which URLs, with what payloads."""
