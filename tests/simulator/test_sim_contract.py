"""The responses of the operations on a ready deployment conform to the specification; how its documents are read."""

import pytest

from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator.handlers.table import HANDLERS
from edgegap_async.simulator.specification import request_validator, response_validator
from edgegap_async.simulator.specification.documents import DOCUMENTS, Document

USERS = [{"user_type": "ip_address", "user_data": {"ip_address": "203.0.113.7"}}]
BODIES = {
    "v2-deployment-create": {"application": "kart", "version": "v1", "users": USERS},
    "deployment-create": {"app_name": "kart", "ip_list": ["203.0.113.7"], "tags": ["a"]},
    "private-fleets-deployment-create": {
        "private_host_ids": ["{host}"],
        "application": "kart",
        "version": "v1",
        "users": USERS,
    },
    "deployment-update": {"is_joinable_by_session": True},
    "deployment-bulk-delete": {"filters": [{"field": "request_id", "filter_type": "any", "values": ["{id}"]}]},
    "deployment-report": {"reason": "lag", "metadata": {"ping": 300}},
    "deployment-tag-create": {"name": "blue"},
    "deployment-tag-update": {"name": "green"},
}


OF_DEPLOYMENTS = ("deployments.", "private_fleets.", "locations.")


# tests/contract checks the other operations, through the client
@pytest.mark.parametrize(
    "operation_id", [each for each in HANDLERS if OPERATIONS[each].call.startswith(OF_DEPLOYMENTS)]
)
async def test_a_successful_response_conforms_to_the_specification(edgegap_server, conforms, operation_id):
    operation = OPERATIONS[operation_id]
    deployment = await edgegap_server.ready(tags=["red"])
    host = (await edgegap_server.get("/v2/private-fleets/test-fleet/hosts"))["data"][0]["host_id"]
    values = {
        "deployment_id": deployment.request_id,
        "request_id": deployment.request_id,
        "tag_name": "red",
        "stop_key": deployment.stop_key,
        "fleet-name": "test-fleet",
    }
    path = operation.path
    for name in operation.parameters:
        path = path.replace(f"{{{name}}}", values[name])
    options = {}
    if operation_id in BODIES:
        body = BODIES[operation_id]
        if "private_host_ids" in body:
            body = body | {"private_host_ids": [host]}
        options["json"] = body
    if operation_id == "deployment-self-delete":
        options["headers"] = {"Authorization": deployment.delete_token}
    reply = await edgegap_server.call(operation.method, path, **options)
    assert reply.status in {200, 202, 204}, reply
    assert str(reply.status) in DOCUMENTS[operation.spec].find(operation)["responses"]
    conforms(operation_id, reply)


def test_every_operation_has_valid_schemas():
    for operation in OPERATIONS.values():
        found = DOCUMENTS[operation.spec].find(operation)
        assert found is not None, operation.operation_id
        for validator in [
            request_validator(operation.operation_id),
            *(response_validator(operation.operation_id, int(status)) for status in found["responses"]),
        ]:
            if validator is not None:
                validator.check_schema(validator.schema)


def test_a_recursive_schema_is_read_one_level_deep():
    tree = {"type": "object", "properties": {"child": {"$ref": "#/components/schemas/Tree"}}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}}
    operation = OPERATIONS["location-list"]
    document = Document(
        {
            "components": {"schemas": {"Tree": tree}},
            "paths": {operation.path: {"get": {"responses": {"200": {"content": content}}}}},
        }
    )
    assert document.response_schema(operation, 200) == {"type": "object", "properties": {"child": {}}}


@pytest.mark.parametrize(
    ("schema", "plain"),
    [
        ({"type": "string", "nullable": True, "example": "x"}, {"type": ["string", "null"]}),
        (
            {"type": "string", "enum": ["a"], "nullable": True},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        (
            {"allOf": [{"type": "string"}], "nullable": True},
            {"anyOf": [{"allOf": [{"type": "string"}]}, {"type": "null"}]},
        ),
        ({"type": "object", "additionalProperties": False}, {"type": "object", "additionalProperties": False}),
        (
            {"type": "array", "items": {"type": "string", "format": "date-time"}},
            {"type": "array", "items": {"type": "string"}},
        ),
        (
            {"type": "object", "properties": {"example": {"type": "string"}}},
            {"type": "object", "properties": {"example": {"type": "string"}}},
        ),
    ],
)
def test_openapi_schemas_become_json_schema(schema, plain):
    operation = OPERATIONS["location-list"]
    content = {"application/json": {"schema": schema}}
    paths = {operation.path: {"get": {"responses": {"200": {"content": content}}}}}
    assert Document({"paths": paths}).response_schema(operation, 200) == plain
