"""Sends for some seconds, and no more than so many packets: flood.py WHAT SECONDS"""
import errno, os, socket, sys, time

what, seconds = sys.argv[1], float(sys.argv[2])
end = time.time() + seconds
most = 2_000_000
target, resolver = "198.51.100.1", "169.254.1.1"


def datagrams(address, payload):
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sent = 0
    while time.time() < end and sent < most:
        try:
            sender.sendto(payload, address)
        except OSError:
            pass
        sent += 1
    print(sent)


def connections():
    """Opens as many as it can and keeps them; of each refused one it tries another port."""
    kept, reasons, n = [], {}, 0
    while time.time() < end and n < 100_000:
        one = socket.socket()
        one.setblocking(False)
        n += 1
        try:
            one.connect((target, 443 if n % 2 else 1 + n % 65535))
        except BlockingIOError:
            kept.append(one)
        except OSError as error:
            name = errno.errorcode[error.errno]
            reasons[name] = reasons.get(name, 0) + 1
        if len(kept) > 8000:
            for old in kept[:4000]:
                old.close()
            kept = kept[4000:]
    print(n, reasons)


def flows():
    """A new flow for each packet: each wants a place in the host's table of connections."""
    n = 0
    while time.time() < end and n < 300_000:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            one.sendto(b"x", (target, 1 + n % 65535))
        except OSError:
            pass
        one.close()
        n += 1
    print(n)


def questions_by_tcp():
    """Opens connections to the resolver and keeps them, and asks nothing."""
    kept, refused = [], 0
    while time.time() < end:
        one = socket.socket()
        one.settimeout(0.2)
        try:
            one.connect((resolver, 53))
            kept.append(one)
        except ConnectionRefusedError:
            refused += 1
        except OSError:
            pass
    print(len(kept), refused)


def everybody():
    """To all who listen on the link, and to groups."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    n = 0
    while time.time() < end:
        for address in ("255.255.255.255", "169.254.255.255", "10.255.255.255", "224.0.0.1", "224.0.0.251", "239.255.255.250"):
            try:
                sender.sendto(b"x" * 1000, (address, 9))
            except OSError:
                pass
            n += 1
    print(n)


def echoes():
    """Pings, each with a number of its own: each would be a flow to remember."""
    n = 0
    while time.time() < end:
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1)
        try:
            one.bind(("0.0.0.0", n % 65535))
            one.sendto(bytes([8, 0, 0, 0, 0, 0, 0, 1]), (target, 0))
        except OSError:
            pass
        one.close()
        n += 1
    print(n)


os.fork()  # one for each processor
{
    "packets": lambda: datagrams((target, 9), b"x"),
    "bulk": lambda: datagrams((target, 9), bytes(1400)),
    "queries": lambda: datagrams((resolver, 53), bytes([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 7]) + b"example" + bytes([3]) + b"org" + bytes([0, 0, 1, 0, 1])),
    "refused": lambda: datagrams(("10.1.2.3", 9), b"x"),
    "fragments": lambda: datagrams((target, 9), bytes(60_000)),
    "questions_by_tcp": questions_by_tcp,
    "everybody": everybody,
    "echoes": echoes,
    "connections": connections,
    "flows": flows,
}[what]()
