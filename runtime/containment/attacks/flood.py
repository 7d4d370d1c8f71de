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


os.fork()  # one for each processor
{
    "packets": lambda: datagrams((target, 9), b"x"),
    "bulk": lambda: datagrams((target, 9), bytes(1400)),
    "queries": lambda: datagrams((resolver, 53), bytes([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 97, 7]) + b"example" + bytes([3]) + b"org" + bytes([0, 0, 1, 0, 1])),
    "refused": lambda: datagrams(("10.1.2.3", 9), b"x"),
    "connections": connections,
    "flows": flows,
}[what]()
