"""The table of operations: method, path, rate bucket, idempotency class, items key, deprecation."""

from edgegap_async.operations.table import (
    DOCUMENTED_RATES,
    OPERATIONS,
    Bucket,
    Idempotency,
    Method,
    Operation,
    Spec,
)

__all__ = ["DOCUMENTED_RATES", "OPERATIONS", "Bucket", "Idempotency", "Method", "Operation", "Spec"]
