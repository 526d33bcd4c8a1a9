"""A client of the service's own API over its Unix socket, with the standard library alone.

from statesvc.client import Client

for event in Client("/run/statesvc/statesvc.sock").events(after=0, follow=False):
    print(event)
"""

from statesvc.client.client import Client, JsonObject, Runtimes

__all__ = ["Client", "JsonObject", "Runtimes"]
