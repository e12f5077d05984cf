"""What Spillway made of a peer's call, from `spillway tickets list --json` on standard input.

    tickets.py newest           prints the highest ticket number, 0 when there is none
    tickets.py since NUMBER     exit 0 if there is exactly one newer ticket, the key 1 gave consent
                                and the recording has sound on both sides
"""

import json
import sys

import sound

tickets = json.load(sys.stdin)
numbers = [ticket["number"] for ticket in tickets]
if sys.argv[1] == "newest":
    print(max(numbers, default=0))
    sys.exit(0)

new = [ticket for ticket in tickets if ticket["number"] > int(sys.argv[2])]
if len(new) != 1:
    sys.exit(f"expected one new ticket, found {[ticket['number'] for ticket in new]}")
recording = new[0].get("recording")
consent = new[0]["ticket"]["consent"]
print(f"ticket {new[0]['number']}, consent {consent}, recording {recording}")
if consent != "given":
    sys.exit("the key 1 did not arrive: consent was not given")
if not recording:
    sys.exit("the ticket has no recording")
if not sound.loud(recording):
    sys.exit("the recording is silent on one side")
