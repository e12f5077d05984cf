"""Starts Spillway on each database, makes tickets and users, and lets Schemathesis at it."""

import argparse
import concurrent.futures
import functools
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib

import requests

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
SETTINGS = HERE / "schemathesis.toml"
# What is not asked for by a role: it is answered as it is to the role before.
ROLES = {
    "operator": [],
    "supervisor": ["session", "account", "users"],
    "administrator": ["session", "account", "tickets"],
}
NEEDS = ["food parcel", "ambulance", "allowance", "opening hours", "a broken lamp"]
READY_S_MAX = 120


class Server:
    """`spillway serve` with a folder and a database of its own."""

    def __init__(self, program, folder, database):
        self.folder = folder
        self.command = [program, "--config", folder / "spillway.toml"]
        (folder / "spillway.toml").write_text(
            f"""data_dir = 'data'
models_dir = 'no-models'
prompts_dir = '{ROOT / "prompts"}'
hotline = 'demo-en'
[sip]
listen = '127.0.0.1:0'
[engines]
recognizer = 'none'
[store]
database = '{database}'
[webhooks]
allow_http = ['127.0.0.0/8']
[console]
listen = '127.0.0.1:0'
"""
        )
        with open(folder / "out", "w") as out, open(folder / "log", "w") as log:
            self.process = subprocess.Popen([*self.command, "serve"], stdout=out, stderr=log)
        end = time.monotonic() + READY_S_MAX
        while not (ready := re.search(r"^ready .*console:(\S+)\nset-up (\S+)$", self.out(), re.M)):
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"test-api: the server does not start\n{self.log()}")
            time.sleep(0.1)
        self.url, self.set_up = f"http://{ready[1]}", ready[2]

    def out(self):
        return (self.folder / "out").read_text()

    def log(self):
        return (self.folder / "log").read_text()

    def run(self, *args):
        subprocess.run([*self.command, *args], check=True, stdout=subprocess.DEVNULL)

    def stop(self):
        """Its exit status, and what its log says of faults."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=60)
        told = [line for line in self.log().splitlines() if is_fault(line)]
        return [f"exit status {status}"] * (status != 0) + told


def is_fault(line):
    return "panicked" in line or "a bug at" in line or " ERROR " in line


def post(url, body, headers=None, cookies=None):
    answer = requests.post(url, json=body, headers=headers, cookies=cookies, timeout=60)
    if not answer.ok:
        sys.exit(f"test-api: {url}: {answer.status_code} {answer.text}")
    return answer


def fill(server, password):
    """Tickets, the testers and those whom they may do anything to."""
    rows = [f"+1202555{n:04},Caller {n},{NEEDS[n % len(NEEDS)]},demo-en" for n in range(60)]
    table = server.folder / "tickets.csv"
    table.write_text("\n".join(["callback_number,name,need,hotline", *rows]) + "\n")
    server.run("tickets", "import", table)

    api = f"{server.url}/api/v1"
    boss = {"name": "tester-administrator", "password": password}
    post(f"{api}/set-up", {"secret": server.set_up, "display_name": "Boss", **boss})
    session = post(f"{api}/session", boss)
    headers = {"X-CSRF-Token": session.json()["csrf_token"]}
    cookies = {name: session.cookies[name] for name in session.cookies.keys()}
    others = [("tester-operator", "operator"), ("tester-supervisor", "supervisor")]
    others += [(f"victim-{n}", "operator") for n in range(1, 5)]
    for name, role in others:
        profile = {"display_name": name, "role": role, "languages": [], "hotlines": "all"}
        user = {"name": name, "profile": profile | {"personal_data": False}}
        invitation = post(f"{api}/users", user, headers, cookies).json()["invitation"]
        accepted = {"secret": invitation["secret"], "password": password}
        post(f"{api}/invitations/accept", accepted)


def test(server, role, password, options):
    """Whether all answers to who has `role` were as they should, and what Schemathesis told."""
    command = [pathlib.Path(sys.executable).parent / "schemathesis", "--config-file", SETTINGS]
    command += ["run", f"{server.url}/api/v1/openapi.json", *options]
    command += [word for tag in ROLES[role] for word in ("--exclude-tag", tag)]
    environment = os.environ | {
        "SPILLWAY_URL": server.url,
        "SPILLWAY_TESTER": f"tester-{role}",
        "SPILLWAY_PASSWORD": password,
        "HYPOTHESIS_STORAGE_DIRECTORY": str(server.folder / "hypothesis"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        command, cwd=HERE, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.returncode == 0, done.stdout.decode()


def test_on(program, database, roles, options):
    """What failed with this database."""
    kind = database.partition(":")[0]
    password = tomllib.loads(SETTINGS.read_text())["dictionaries"]["password"]["values"][0]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spillway-test-api-"))
    server = Server(program, folder, database)
    failed = []
    try:
        fill(server, password)
        for role in roles:
            began = time.monotonic()
            good, told = test(server, role, password, options)
            count = re.search(r"^  (\d+) generated", told, re.M)
            seconds = time.monotonic() - began
            requests_made = count[1] if count else "no"
            print(f"--- {kind}, {role}: {requests_made} requests in {seconds:.0f} s", flush=True)
            if not good:
                print(told, flush=True)
                failed.append(f"{kind} {role}")
    finally:
        faults = server.stop()
    if not faults:
        shutil.rmtree(folder)
        return failed
    print("\n".join([f"--- {kind}: the server's log, {folder / 'log'}, has:", *faults]))
    return [*failed, f"{kind} server"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--postgres", metavar="URL")
    parser.add_argument("--role", choices=ROLES, action="append")
    args, more = parser.parse_known_args()
    options = ["--seed", os.environ.get("SEED", "1")]
    options += ["--max-examples", os.environ.get("EXAMPLES", "15"), *more]
    databases = [database for database in ["sqlite", args.postgres] if database]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        run = functools.partial(test_on, args.program, roles=args.role or ROLES, options=options)
        results = pool.map(run, databases)
        failed = [name for result in results for name in result]
    if failed:
        sys.exit(f"test-api: failed: {', '.join(failed)}")
    print("test-api: all passed")


main()
