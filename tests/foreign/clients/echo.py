"""A bot on weilink that answers every text with the same text."""

import sys

from weilink import WeiLink
from weilink._protocol import ILinkError

client = WeiLink(base_path=sys.argv[1])
while True:
    try:
        messages = client.recv()
    except ILinkError as error:
        print(f"recv: {type(error).__name__}", flush=True)
        if type(error) is not ILinkError:  # the login has expired
            sys.exit(3)
        continue
    for message in messages:
        try:
            sent = client.send(message.from_user, f"re: {message.text}")
            print(f"send: {sent.success}", flush=True)
        except ILinkError as error:
            print(f"send: {type(error).__name__}", flush=True)
