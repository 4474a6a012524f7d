"""The method of ``edgegap.deployments`` that lists servers."""

from __future__ import annotations

from edgegap_async.models.deployments import DeploymentRow
from edgegap_async.models.encoding import string_values
from edgegap_async.models.list_filter import Filter, query_text
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service


class DeploymentListing(Service):
    """Lists game servers."""

    def list(
        self,
        filter: Filter | None = None,
        *,
        order_by: str | None = "-created_at",
        page_size: int = DEFAULT_PAGE_SIZE,
        timeout: float | None = None,
    ) -> PageStream[DeploymentRow]:
        """List the deployments that exist, in any state: ``GET /v1/deployments``, 10 pages a second.

        ::

            async for row in edgegap.deployments.list(Filter(status="ready", tags="match-42")):
                print(row.request_id, row.fqdn)

        Args:
            filter: Which to list, None for all.
            order_by: ``created_at`` or ``available_session_sockets``, with ``-`` in front for descending. Newest first,
                the default, is the order in which no row is missed while others come and go.
            page_size: Rows on a page.
            timeout: The deadline of each page in seconds, None for the client's.
        """
        return self._list(
            "deployment-list",
            DeploymentRow,
            key=lambda row: row.request_id,
            query=string_values(query=query_text(filter, order_by)),
            page_size=page_size,
            timeout=timeout,
        )
