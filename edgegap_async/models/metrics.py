"""What the container of a deployment used over time."""

from __future__ import annotations

from datetime import datetime

import attrs

from edgegap_async.models.base import Model, Number


@attrs.frozen(kw_only=True)
class Series(Model):
    """A measurement over time: three tuples of the same length.

    Attributes:
        labels: The labels of the samples.
        datasets: The values, None where there is no sample.
        timestamps: The times of the samples, in UTC.
    """

    labels: tuple[str, ...] = ()
    datasets: tuple[Number | None, ...] = ()
    timestamps: tuple[datetime | None, ...] = ()


@attrs.frozen(kw_only=True)
class Totals(Model):
    """Bytes since the start.

    Attributes:
        receive_total: Received from the network.
        transmit_total: Sent to the network.
        disk_read_total: Read from the disk.
        disk_write_total: Written to the disk.
    """

    receive_total: Series | None = None
    transmit_total: Series | None = None
    disk_read_total: Series | None = None
    disk_write_total: Series | None = None


@attrs.frozen(kw_only=True)
class Network(Model):
    """Network traffic in bytes a second."""

    receive: Series | None = None
    transmit: Series | None = None


@attrs.frozen(kw_only=True)
class Metrics(Model):
    """What the container used over time: ``GET /v1/metrics/deployment/{deployment_id}``.

    Attributes:
        total: Bytes since the start.
        cpu: CPU usage.
        cpu_throttle_rate: How fast the CPU was throttled.
        cpu_throttle_total: How much the CPU was throttled since the start.
        mem: Memory usage.
        network: Network traffic in bytes a second.
    """

    total: Totals | None = None
    cpu: Series | None = None
    cpu_throttle_rate: Series | None = None
    cpu_throttle_total: Series | None = None
    mem: Series | None = None
    network: Network | None = None
