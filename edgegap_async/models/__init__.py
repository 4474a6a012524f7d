"""Attrs classes for what is sent and received: one file for each service, and a few that services share.

Shared: ``base`` (the base class of responses, lenient numbers), ``states`` (states, progress and changes of what is
waited for), ``page`` (the envelope of a list), ``ids`` (ids and the objects that carry them), ``encoding``, ``users``,
``environment``, ``ports``, ``location_filters``, ``bulk_filters``, ``list_filter``, ``create_options`` and
``deprecated_options`` (parts of requests).
"""
