"""The list's query dialect: against an oracle that reads the rules one by one, and over the socket."""

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


def oracle(row, condition):
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


def text(conditions, order_by=()):
    return orjson.dumps({"filters": conditions, "order_by": list(order_by)}).decode()


@given(row=rows, conditions=queries)
def test_a_row_matches_as_the_rules_say(row, conditions):
    query = parse(text(conditions))
    assert query.matches(row) is all(oracle(row, each) for each in conditions)
    if query.matches(row) and query.request_ids is not None:
        assert row.request_id in query.request_ids


@given(found=st.lists(rows, max_size=8), order_by=orders)
def test_rows_come_in_the_order_asked_for(found, order_by):
    newest_first = sorted(found, key=lambda row: row.created, reverse=True)
    expected = newest_first
    for each in reversed(order_by):
        key = {"created_at": "created"}.get(each["field"], each["field"])
        expected = sorted(expected, key=lambda row, key=key: getattr(row, key), reverse=each["order"] == "desc")
    assert parse(text([], order_by)).ordered(newest_first) == expected


def test_no_query_is_everything():
    assert parse(None) == parse("{}") == parse(text([]))


BAD = {
    "not JSON": ("{", "JSON"),
    "no object": ("[]", "object"),
    "filters no list": ('{"filters": {}}', "filters"),
    "filter no object": ('{"filters": ["status"]}', "filters"),
    "order_by no list": ('{"order_by": "created_at"}', "order_by"),
    "unknown field": (text([{"field": "city", "operator": "eq", "value": "x"}]), "field"),
    "no field": (text([{"operator": "eq", "value": "x"}]), "field"),
    "unknown operator": (text([{"field": "tags", "operator": "like", "value": "x"}]), "operator"),
    "neq of a date": (text([{"field": "created_at", "operator": "neq", "value": "x"}]), "operator"),
    "in of a status": (text([{"field": "status", "operator": "in", "value": ["ready"]}]), "operator"),
    "in of a date": (text([{"field": "created_at", "operator": "in", "value": []}]), "operator"),
    "ilike of a tag": (text([{"field": "tags", "operator": "ilike", "value": "x"}]), "operator"),
    "no value": (text([{"field": "tags", "operator": "eq"}]), "value"),
    "list for eq": (text([{"field": "tags", "operator": "eq", "value": ["x"]}]), "text"),
    "text for in": (text([{"field": "tags", "operator": "in", "value": "x"}]), "list"),
    "number in a list": (text([{"field": "tags", "operator": "in", "value": [1]}]), "text"),
    "a prefixed status": (text([{"field": "status", "operator": "eq", "value": "Status.READY"}]), "status"),
    "a bad date": (text([{"field": "created_at", "operator": "gte", "value": "noon"}]), "date"),
    "a field twice": (
        text([{"field": "tags", "operator": each, "value": "x"} for each in ("eq", "neq")]),
        "more than one",
    ),
    "unknown order field": (text([], [{"field": "tags", "order": "asc"}]), "field"),
    "unknown order": (text([], [{"field": "created_at", "order": "up"}]), "order"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_query_says_what_is_wrong(name):
    bad, says = BAD[name]
    with pytest.raises(QueryError, match=says):
        parse(bad)


async def test_a_bad_query_is_a_bad_request(edgegap_server, conforms):
    reply = await edgegap_server.call("GET", "/v1/deployments", params={"query": "{"})
    assert reply.status == 400
    assert reply.body["message"].startswith("query")
    conforms("deployment-list", reply)


async def test_the_list_is_newest_first_and_can_be_turned_round(edgegap_server):
    ids = []
    for _ in range(3):
        ids.append(await edgegap_server.create())
        edgegap_server.clock.advance(1)
    assert await edgegap_server.rows() == ids[::-1]
    for order, expected in (("asc", ids), ("desc", ids[::-1])):
        query = text([], [{"field": "created_at", "order": order}])
        assert await edgegap_server.rows(query=query) == expected


async def test_the_list_is_filtered(edgegap_server):
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


async def test_a_new_deployment_may_be_seen_late(serve):
    edgegap = await serve(list_lag=0.5)
    old = await edgegap.create()
    edgegap.clock.advance(0.5)
    new = await edgegap.create()
    by_id = {"field": "request_id", "operator": "in", "value": [old, new]}
    assert await edgegap.rows() == await edgegap.rows(by_id) == [old]
    edgegap.clock.advance(0.5)
    assert await edgegap.rows() == await edgegap.rows(by_id) == [new, old]


async def test_one_that_was_stopped_leaves_the_list(edgegap_server):
    deployment = await edgegap_server.ready()
    deployment.stop()
    assert await edgegap_server.rows() == [deployment.request_id]
    edgegap_server.clock.advance(0.5)
    assert await edgegap_server.rows() == []
