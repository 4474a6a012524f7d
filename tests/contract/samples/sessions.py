"""Sessions, and custom sessions with ids of the caller's choice."""

from __future__ import annotations

from edgegap_async import CustomSession, DeployFilter, Selector, User
from samples import Calls

ID = "7349356945f1-S"
DEPLOYMENT = "61b1be8f54d9"
CUSTOM = (DEPLOYMENT, "table-4")
USERS = ["203.0.113.7", "198.51.100.9"]
HOOK = "https://studio.example/session"

CALLS: Calls = {
    "session-post": [
        lambda e: e.sessions.create("kart", users=["203.0.113.7"]),
        lambda e: e.sessions.create("kart", users=USERS),
        lambda e: e.sessions.create(
            "kart",
            "v1.2",
            users=[User.at(45.5, -73.6, ip_address="203.0.113.7")],
            deployment_request_id=DEPLOYMENT,
            selectors=[Selector(tag="ranked"), Selector(tag="europe", tag_only=True, env={"MODE": "ranked"})],
            filters=[DeployFilter(field="country", values=("Canada",))],
            webhook_url=HOOK,
            location=(45.5, -73.6),
            city="Montreal",
            country="Canada",
            continent="North America",
            region="Quebec",
            administrative_division="Quebec",
            skip_telemetry=True,
        ),
    ],
    "get-session": [lambda e: e.sessions.get(ID)],
    "session-delete": [lambda e: e.sessions.delete(ID)],
    "list-sessions": [lambda e: e.sessions.list().first()],
    "sessions-bulk-stop": [
        lambda e: e.sessions.bulk_stop(session_ids=[ID]),
        lambda e: e.sessions.bulk_stop(session_ids=[ID], request_ids=[DEPLOYMENT], tags=["ranked"], match="all"),
    ],
    "get-users-session": [lambda e: e.sessions.users.list(ID).first()],
    "put-users-session": [lambda e: e.sessions.users.add(ID, USERS)],
    "delete-users-session": [lambda e: e.sessions.users.remove(ID, USERS)],
    "post-custom-session": [
        lambda e: e.custom_sessions.create(*CUSTOM, users=USERS),
        lambda e: e.custom_sessions.create(*CUSTOM, users=USERS, webhook_url=HOOK),
    ],
    "get-custom-session": [lambda e: e.custom_sessions.get(*CUSTOM)],
    "patch-custom-session": [
        lambda e: e.custom_sessions.update(*CUSTOM, users=USERS),
        lambda e: e.custom_sessions.update(*CUSTOM, users=USERS, webhook_url=HOOK),
    ],
    "delete-custom-session": [lambda e: e.custom_sessions.delete(*CUSTOM)],
    "get-custom-sessions": [lambda e: e.custom_sessions.list(DEPLOYMENT).first()],
    "post-custom-sessions": [
        lambda e: e.custom_sessions.create_many(
            DEPLOYMENT,
            [
                CustomSession(custom_id="table-4", users=USERS),
                CustomSession(custom_id="table-5", users=USERS, webhook_url=HOOK),
            ],
        )
    ],
    "delete-custom-sessions": [lambda e: e.custom_sessions.delete_many(DEPLOYMENT, ["table-4", "table-5"])],
}
