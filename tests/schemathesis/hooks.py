"""Logs the tester in, again when a request has logged the tester out, and keeps the testers."""

import itertools
import os

import requests
import schemathesis

URL = os.environ["SPILLWAY_URL"]
TESTER = os.environ["SPILLWAY_TESTER"]
PASSWORD = os.environ["SPILLWAY_PASSWORD"]
VICTIM = "victim-1"
# Each log-in comes from another address: wrong passwords, which are counted for each, are part of
# the test.
ADDRESSES = (f"192.0.2.{n % 254 + 1}" for n in itertools.count())
COUNT = itertools.count()
TICKETS = 60
RECEIVER = "http://127.0.0.1:9/hook"


@schemathesis.auth(refresh_interval=3600)
class Session:
    """A log-in: its cookies and its CSRF token."""

    def get(self, case, context):
        answer = requests.post(
            f"{URL}/api/v1/session",
            json={"name": TESTER, "password": PASSWORD},
            headers={"X-Forwarded-For": next(ADDRESSES)},
            timeout=60,
        )
        answer.raise_for_status()
        cookies = {name: answer.cookies[name] for name in answer.cookies.keys()}
        return cookies, answer.json()["csrf_token"]

    def set(self, case, data, context):
        cookies, token = data
        case.cookies = {**(case.cookies or {}), **cookies}
        case.headers = case.headers or {}
        case.headers["X-CSRF-Token"] = token


@schemathesis.hook
def before_call(context, case, kwargs):
    """Lets more requests arrive, and keeps the testers."""
    place, headers = case.path_parameters or {}, case.headers or {}
    if case.method != "GET" and str(place.get("name", "")).startswith("tester-"):
        place["name"] = VICTIM
    # Nothing is sent beyond this machine, where nobody listens.
    if isinstance(case.body, dict) and str(case.body.get("url", "")).startswith("http"):
        case.body["url"] = RECEIVER
    body = case.body if isinstance(case.body, dict) else {}
    if str(body.get("name", "")).startswith("tester-") and body.get("password") != PASSWORD:
        body["name"] = VICTIM
    if body.get("old") == PASSWORD and body.get("new") != PASSWORD:
        body["old"] = "not the tester's"
    # Where any number would do, there is a ticket of that number.
    if "/tickets/" in case.path and str(place.get("number")) == "0":
        place["number"] = next(COUNT) % TICKETS + 1
    # A key that was used for another request is refused before anything else, a tag that is not the
    # version's too.
    key = headers.get("Idempotency-Key", "")
    if 1 <= len(key) <= 128:
        unique = str(next(COUNT))
        headers["Idempotency-Key"] = key[: 128 - len(unique)] + unique
    if "If-Match" in headers and next(COUNT) % 4:
        headers["If-Match"] = "*"


# Answers to requests that the document allows and the server still cannot do: what decides is not
# in the request alone, or no schema can say it.
REFUSALS = [
    # The version is not, or no more, the ticket's or user's.
    (412, "changed", ""),
    # The secret, the code or the cursor is none that the server gave.
    (422, "bad-invitation", ""),
    (422, "bad-code", ""),
    (422, "invalid", "cursor: "),
    # PostgreSQL's text cannot hold NUL, and no text of ours may.
    (422, "invalid", "the body holds a NUL"),
    (422, "invalid", "the query holds a NUL"),
    # Names of 1 to 64 characters.
    (422, "invalid", "hotlines: "),
    # Not blank, no control characters: not worth a pattern that nobody can read.
    (422, "invalid", "display_name: "),
    (422, "invalid", "label: "),
    (422, "invalid", "text: is empty"),
    (422, "invalid", "slot: is empty"),
    (422, "invalid", "office: is empty"),
    (422, "invalid", "name: give 1 to 100"),
    (422, "invalid", "url: "),
    (422, "invalid", "format: name Zammad's group"),
    (422, "invalid", "kinds: "),
    (422, "invalid", "authorization: "),
    # Telephone numbers and times are read as people write them.
    (422, "invalid", "number: is no telephone number"),
    (422, "invalid", "from: "),
    (422, "invalid", "to: "),
    (422, "invalid", "hour: "),
    # None of the hotline's, which differ.
    (422, "invalid", "disposition: "),
    # The tickets were not merged.
    (422, "invalid", "into: "),
    # A ticket takes so many.
    (422, "invalid", "notes: "),
    (422, "invalid", "corrections: "),
    (422, "invalid", "attempts: "),
    (422, "invalid", "repeats: "),
    # The time is not in the future, or too far in it.
    (422, "invalid", "expires_at: "),
    (422, "invalid", "at: "),
    # No rule in a schema says which passwords are guessed.
    (422, "weak-password", ""),
]


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Whether this is a fault."""
    if type(failure).__name__ != "RejectedPositiveData":
        return True
    problem = response.json()
    # JSON Schema calls 3.0 an integer. A number written as a fraction is none of ours.
    if "invalid type: floating point" in problem["detail"]:
        return False
    return not any(
        problem["status"] == status
        and problem["type"] == f"urn:spillway:problem:{name}"
        and problem["detail"].startswith(detail)
        for status, name, detail in REFUSALS
    )
