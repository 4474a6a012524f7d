"""The query of the deployment list, compared with an independent implementation and over the socket."""

from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async.simulator.handlers.query import QueryError, parse

START = datetime(2026, 4, 22, 12, tzinfo=UTC)


@attrs.frozen
class Row:
    request_id: str
    status: str
    tags: tuple[str, ...]
    created: datetime
    application: str
    version: str
    fleet_name: str | None
    host_name: str | None
    available_session_sockets: int


names = st.sampled_from(["a", "b", "ab", "B"])
dates = st.integers(0, 3).map(lambda hours: START + timedelta(hours=hours))
rows = st.builds(
    Row,
    request_id=names,
    status=st.sampled_from(["ready", "error", "seeking"]),
    tags=st.lists(names, unique=True, max_size=3).map(tuple),
    created=dates,
    application=names,
    version=names,
    fleet_name=st.none() | names,
    host_name=st.none() | names,
    available_session_sockets=st.integers(0, 2),
)
WORDS = ["request_id", "application", "version", "fleet_name", "host_name"]


def _filter(field, operator, value):
    return st.builds(
        lambda chosen, how, what: {"field": chosen, "operator": how, "value": what}, field, operator, value
    )


equal = st.sampled_from(["eq", "neq"])
member = st.sampled_from(["in", "nin"])
filters = st.one_of(
    _filter(st.sampled_from([*WORDS, "tags"]), equal, names),
    _filter(st.sampled_from([*WORDS, "tags"]), member, st.lists(names, max_size=3)),
    _filter(st.just("status"), equal, st.sampled_from(["ready", "error", "seeking"])),
    _filter(st.just("created_at"), st.sampled_from(["eq", "gte", "lte"]), dates.map(lambda date: date.isoformat())),
    _filter(st.sampled_from(["fleet_name", "host_name"]), st.just("ilike"), st.sampled_from(["a%", "%B", "_", ""])),
)
queries = st.lists(filters, max_size=4, unique_by=lambda each: each["field"])
orders = st.lists(
    st.fixed_dictionaries(
        {
            "field": st.sampled_from(["created_at", "available_session_sockets"]),
            "order": st.sampled_from(["asc", "desc"]),
        }
    ),
    max_size=2,
)


def expected_match(row, condition):
    field, operator, value = condition["field"], condition["operator"], condition["value"]
    if field == "tags":
        among = value if isinstance(value, list) else [value]
        return any(tag in row.tags for tag in among) is (operator in {"eq", "in"})
    if field == "created_at":
        date = datetime.fromisoformat(value)
        return {"eq": row.created == date, "gte": row.created >= date, "lte": row.created <= date}[operator]
    has = getattr(row, field)
    if operator == "ilike":
        wild = value.lower().replace("%", "*").replace("_", "?")
        return has is not None and fnmatchcase(has.lower(), wild)
    if operator in {"in", "nin"}:
        return (has in value) is (operator == "in")
    return (has == value) is (operator == "eq")


def query_json(conditions, order_by=()):
    return orjson.dumps({"filters": conditions, "order_by": list(order_by)}).decode()


@given(row=rows, conditions=queries)
def test_a_row_matches_if_it_passes_every_filter(row, conditions):
    query = parse(query_json(conditions))
    assert query.matches(row) is all(expected_match(row, each) for each in conditions)
    if query.matches(row) and query.request_ids is not None:
        assert row.request_id in query.request_ids


@given(found=st.lists(rows, max_size=8), order_by=orders)
def test_rows_are_sorted_by_order_by(found, order_by):
    newest_first = sorted(found, key=lambda row: row.created, reverse=True)
    expected = newest_first
    for each in reversed(order_by):
        key = {"created_at": "created"}.get(each["field"], each["field"])
        expected = sorted(expected, key=lambda row, key=key: getattr(row, key), reverse=each["order"] == "desc")
    assert parse(query_json([], order_by)).ordered(newest_first) == expected


def test_no_query_selects_everything():
    assert parse(None) == parse("{}") == parse(query_json([]))


BAD = {
    "invalid JSON": ("{", "JSON"),
    "not an object": ("[]", "object"),
    "filters not a list": ('{"filters": {}}', "filters"),
    "filter not an object": ('{"filters": ["status"]}', "filters"),
    "order_by not a list": ('{"order_by": "created_at"}', "order_by"),
    "unknown field": (query_json([{"field": "city", "operator": "eq", "value": "x"}]), "field"),
    "no field": (query_json([{"operator": "eq", "value": "x"}]), "field"),
    "unknown operator": (query_json([{"field": "tags", "operator": "like", "value": "x"}]), "operator"),
    "neq on a date": (query_json([{"field": "created_at", "operator": "neq", "value": "x"}]), "operator"),
    "in on a status": (query_json([{"field": "status", "operator": "in", "value": ["ready"]}]), "operator"),
    "in on a date": (query_json([{"field": "created_at", "operator": "in", "value": []}]), "operator"),
    "ilike on a tag": (query_json([{"field": "tags", "operator": "ilike", "value": "x"}]), "operator"),
    "no value": (query_json([{"field": "tags", "operator": "eq"}]), "value"),
    "list for eq": (query_json([{"field": "tags", "operator": "eq", "value": ["x"]}]), "string"),
    "string for in": (query_json([{"field": "tags", "operator": "in", "value": "x"}]), "list"),
    "number in a list": (query_json([{"field": "tags", "operator": "in", "value": [1]}]), "string"),
    "a prefixed status": (query_json([{"field": "status", "operator": "eq", "value": "Status.READY"}]), "status"),
    "an invalid date": (query_json([{"field": "created_at", "operator": "gte", "value": "noon"}]), "date"),
    "a field twice": (
        query_json([{"field": "tags", "operator": each, "value": "x"} for each in ("eq", "neq")]),
        "more than one",
    ),
    "unknown order field": (query_json([], [{"field": "tags", "order": "asc"}]), "field"),
    "unknown order": (query_json([], [{"field": "created_at", "order": "up"}]), "order"),
}


@pytest.mark.parametrize("name", BAD)
def test_the_error_of_an_invalid_query_names_the_problem(name):
    bad, says = BAD[name]
    with pytest.raises(QueryError, match=says):
        parse(bad)


async def test_an_invalid_query_is_a_bad_request(edgegap_server, conforms):
    reply = await edgegap_server.call("GET", "/v1/deployments", params={"query": "{"})
    assert reply.status == 400
    assert reply.body["message"].startswith("query")
    conforms("deployment-list", reply)


async def test_the_list_is_newest_first_unless_order_by_says_otherwise(edgegap_server):
    ids = []
    for _ in range(3):
        ids.append(await edgegap_server.create())
        edgegap_server.clock.advance(1)
    assert await edgegap_server.rows() == ids[::-1]
    for order, expected in (("asc", ids), ("desc", ids[::-1])):
        query = query_json([], [{"field": "created_at", "order": order}])
        assert await edgegap_server.rows(query=query) == expected


async def test_the_list_is_filtered_by_the_query(edgegap_server):
    one = await edgegap_server.create(tags=["match-1"])
    edgegap_server.clock.advance(10)
    two = await edgegap_server.create(tags=["match-2"], application="golf")
    both = [two, one]

    def where(field, operator, value):
        return {"field": field, "operator": operator, "value": value}

    rows = edgegap_server.rows
    assert await rows(where("tags", "eq", "match-1")) == [one]
    assert await rows(where("status", "eq", "ready")) == [one]
    assert await rows(where("status", "neq", "ready")) == [two]
    assert await rows(where("application", "in", ["golf", "chess"])) == [two]
    assert await rows(where("request_id", "in", [one, two, "unknown"])) == both
    assert await rows(where("request_id", "eq", one), where("status", "eq", "seeking")) == []
    created = edgegap_server.local.history[two].created.isoformat()
    assert await rows(where("created_at", "gte", created)) == [two]
    assert await rows(where("created_at", "lte", created)) == both


async def test_a_new_deployment_is_listed_after_the_list_lag(serve):
    edgegap = await serve(list_lag=0.5)
    old = await edgegap.create()
    edgegap.clock.advance(0.5)
    new = await edgegap.create()
    by_id = {"field": "request_id", "operator": "in", "value": [old, new]}
    assert await edgegap.rows() == await edgegap.rows(by_id) == [old]
    edgegap.clock.advance(0.5)
    assert await edgegap.rows() == await edgegap.rows(by_id) == [new, old]


async def test_a_stopped_deployment_is_listed_until_it_is_terminated(edgegap_server):
    deployment = await edgegap_server.ready()
    deployment.stop()
    assert await edgegap_server.rows() == [deployment.request_id]
    edgegap_server.clock.advance(0.5)
    assert await edgegap_server.rows() == []
