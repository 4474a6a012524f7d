"""Endpoint storage, and the profiles that pull files from it."""

from __future__ import annotations

from edgegap_async.secret import Secret
from samples import Calls

BUCKET = {
    "endpoint": "https://us-east-1.s3.example",
    "bucket": "kart-logs",
    "access_key_id": "AKIAEXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG",
}
FILES = {"source": "/kart-logs/config.cfg", "source_type": "File", "destination": "/usr/share/configs"}
VERSION = {"application": "kart", "version": "v1.2"}

CALLS: Calls = {
    "endpoint-create": [
        lambda e: e.storage.create("logs", **BUCKET),
        lambda e: e.storage.create("logs", **BUCKET, output_format="NDJSON"),
    ],
    "endpoint-get": [lambda e: e.storage.get("logs")],
    "endpoint-update": [
        lambda e: e.storage.update("logs", output_format="TEXT"),
        lambda e: e.storage.update(
            "logs",
            new_name="old-logs",
            endpoint="https://us-east-1.s3.example",
            bucket="kart-logs",
            access_key_id=Secret("AKIAEXAMPLE"),
            secret_access_key=Secret("wJalrXUtnFEMI/K7MDENG"),
            output_format="NDJSON",
        ),
    ],
    "endpoint-delete": [lambda e: e.storage.delete("logs")],
    "endpoints-list": [lambda e: e.storage.list().first()],
    "pull-profile-create": [lambda e: e.storage.pull_profiles.create("logs", "config", **FILES)],
    "pull-profile-get": [lambda e: e.storage.pull_profiles.get("logs", "config")],
    "pull-profile-update": [
        lambda e: e.storage.pull_profiles.update("logs", "config", destination="/srv/kart"),
        lambda e: e.storage.pull_profiles.update(
            "logs",
            "config",
            new_name="maps",
            source="/kart-logs/maps",
            source_type="Folder",
            destination="/srv/kart/maps",
        ),
    ],
    "pull-profile-delete": [lambda e: e.storage.pull_profiles.delete("logs", "config")],
    "pull-profile-list": [lambda e: e.storage.pull_profiles.list("logs").first()],
    "pull-profile-link-app-version": [lambda e: e.storage.pull_profiles.link_version("logs", "config", **VERSION)],
    "pull-profile-unlink-app-version": [lambda e: e.storage.pull_profiles.unlink_version("logs", "config", **VERSION)],
}
