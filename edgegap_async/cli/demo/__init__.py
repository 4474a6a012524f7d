"""``edgegap-async demo``: deploys a game server for each of many matches, shows the progress and stops them all.

``command`` reads the options, ``matches`` makes the matches, ``runner`` deploys and stops the servers, ``match_server``
holds what is known of each, and one of three reporters (``live_reporter``, ``plain_reporter``, ``json_reporter``) shows
it, with the ``summary`` at the end.
"""
