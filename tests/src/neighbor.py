#!/usr/bin/python3
"""A neighbor on the network that speaks multicast DNS by python-zeroconf, as programs at home do.

    neighbor.py watch OWN-ADDRESS TYPE
        prints the instances of a service that it sees and can resolve, a JSON object a line
    neighbor.py announce OWN-ADDRESS TYPE INSTANCE HOST PORT KEY=VALUE...
        announces one at its own address, says so in a line, and goes on until its input ends

It knows nothing of Settle.
"""

import json
import socket
import sys

from zeroconf import ServiceBrowser, ServiceInfo, Zeroconf


def say(line):
    print(json.dumps(line), flush=True)


def watch(network, kind):
    def resolve(zeroconf, service_type, name, state_change):
        info = zeroconf.get_service_info(service_type, name)
        if info is not None:
            texts = [key + b"=" + (value or b"") for key, value in info.properties.items()]
            say({
                "instance": name,
                "host": info.server,
                "port": info.port,
                "addresses": info.parsed_addresses(),
                "texts": [text.decode(errors="replace") for text in texts],
            })

    return ServiceBrowser(network, kind, handlers=[resolve])


def announce(network, own, kind, instance, host, port, *texts):
    info = ServiceInfo(
        kind,
        f"{instance}.{kind}",
        addresses=[socket.inet_aton(own)],
        port=int(port),
        properties=dict(text.split("=", 1) for text in texts),
        server=host,
    )
    network.register_service(info)
    say({"announced": instance})


def main(task, own, *arguments):
    network = Zeroconf(interfaces=[own])
    if task == "watch":
        watch(network, *arguments)
    else:
        announce(network, own, *arguments)
    sys.stdin.read()
    network.close()


main(*sys.argv[1:])
