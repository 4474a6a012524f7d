"""Endpoint storage, where logs go and files come from, and the profiles that pull files from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

import attrs

from edgegap_async.config import Secret
from edgegap_async.errors import JSON
from edgegap_async.models.fields import extra_field

OutputFormat: TypeAlias = Literal["TEXT", "NDJSON"]
"""How logs are written into the bucket: as they are, or an object a line."""

SourceType: TypeAlias = Literal["File", "Folder"]
"""What a pull profile copies."""


@attrs.frozen(kw_only=True)
class EndpointStorage:
    """A bucket of an S3 service at the address ``endpoint``; the service never shows its secret access key.

    ``output_format`` is TEXT or NDJSON; the document of 2024 has none.
    """

    name: str
    access_key_id: Secret | None = None
    endpoint: str | None = None
    bucket: str | None = None
    output_format: str | None = None
    create_time: datetime | None = None
    last_updated: datetime | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class PullProfile:
    """What is copied from a bucket (``source``, a File or a Folder) into containers (``destination``)."""

    name: str
    source: str | None = None
    source_type: str | None = None
    destination: str | None = None
    create_time: datetime | None = None
    last_updated: datetime | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class PullProfileLink:
    """That an application's version gets what a pull profile copies."""

    endpoint: str
    pull_profile: str
    app: str
    app_version: str
    create_time: datetime | None = None
    last_updated: datetime | None = None
    extra: Mapping[str, JSON] = extra_field()
