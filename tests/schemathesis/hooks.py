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
    """Whatever is done to users or their log-in is done to others than the testers."""
    place = case.path_parameters or {}
    if case.method != "GET" and str(place.get("name", "")).startswith("tester-"):
        case.path_parameters["name"] = VICTIM
