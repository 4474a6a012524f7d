"""Endpoint storage: buckets for logs and files, and the pull profiles that copy files from them into containers."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.base import Model
from edgegap_async.secret import Secret
from edgegap_async.validation import validate_name

OutputFormat: TypeAlias = Literal["TEXT", "NDJSON"]
"""The format of logs in the bucket: plain text, or a JSON object on each line."""

SourceType: TypeAlias = Literal["File", "Folder"]
"""What a pull profile copies."""

LogStorage: TypeAlias = bool | str
"""Where a deployment's logs are kept: True for the storage of its version, False for none, or a storage's name."""


def log_storage_json(storage: LogStorage) -> JSON:
    """Return where logs are kept as ``POST /v1/deploy`` expects it.

    Without a name, only ``enabled`` is sent. The document of 2024 requires no more; the newest one requires a name too,
    even where nothing is kept.

    Raises:
        ConfigurationError: ``storage`` is neither a bool nor a name.
    """
    if isinstance(storage, bool):
        return {"enabled": storage}
    return {"enabled": True, "endpoint_storage": validate_name(storage, "container_log_storage")}


@attrs.frozen(kw_only=True)
class EndpointStorage(Model):
    """A bucket of an S3-compatible service; Edgegap never returns its secret access key.

    Attributes:
        name: The endpoint storage's name.
        access_key_id: The id of the access key.
        endpoint: The address of the S3-compatible service.
        bucket: The bucket's name.
        output_format: ``TEXT`` or ``NDJSON``; None in responses of 2024.
        create_time: When it was created, in UTC.
        last_updated: When it was changed last, in UTC.
    """

    name: str
    access_key_id: Secret | None = None
    endpoint: str | None = None
    bucket: str | None = None
    output_format: str | None = None
    create_time: datetime | None = None
    last_updated: datetime | None = None


@attrs.frozen(kw_only=True)
class PullProfile(Model):
    """Files that are copied from a bucket into containers.

    Attributes:
        name: The pull profile's name.
        source: The path in the bucket.
        source_type: ``File`` or ``Folder``.
        destination: The path in the container.
        create_time: When it was created, in UTC.
        last_updated: When it was changed last, in UTC.
    """

    name: str
    source: str | None = None
    source_type: str | None = None
    destination: str | None = None
    create_time: datetime | None = None
    last_updated: datetime | None = None


@attrs.frozen(kw_only=True)
class PullProfileLink(Model):
    """The link between a pull profile and the version whose containers get its files.

    Attributes:
        endpoint: The endpoint storage's name.
        pull_profile: The pull profile's name.
        app: The application's name.
        app_version: The version's name.
        create_time: When it was created, in UTC.
        last_updated: When it was changed last, in UTC.
    """

    endpoint: str
    pull_profile: str
    app: str
    app_version: str
    create_time: datetime | None = None
    last_updated: datetime | None = None
