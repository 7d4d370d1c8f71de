"""Tries to speak as somebody else: spoof.py NEIGHBOUR. Prints one line for each try."""
import errno, socket, struct, sys

neighbour = sys.argv[1]
marked = b"s" * 777


def attempt(name, act):
    try:
        print(name, act() or "done")
    except OSError as error:
        print(name, errno.errorcode.get(error.errno, error.errno))


def from_address(source, bound=True):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.IPPROTO_IP, 15, 1)  # IP_FREEBIND
    one.bind((source, 0))
    one.sendto(marked, ("198.51.100.1", 9))


def raw(protocol):
    one = socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol)
    header = struct.pack("!BBHHHBBH4s4s", 69, 0, 0, 1, 0, 64, 17, 0, socket.inet_aton(neighbour), socket.inet_aton("198.51.100.1"))
    one.sendto(header + struct.pack("!HHHH", 9, 9, 785, 0) + marked, ("198.51.100.1", 9))


def frame():
    one = socket.socket(17, socket.SOCK_RAW, 0x0300)
    one.bind(("eth0", 0))
    one.send(b"\xff" * 6 + b"\x02\x00\x00\x00\x00\x99" + b"\x08\x06" + bytes(28))


def ipv6():
    one = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    one.sendto(marked, ("ff02::1", 9, 0, socket.if_nametoindex("eth0")))


def route():
    one = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    # RTM_NEWADDR of another's address on eth0
    body = struct.pack("BBBBi", 2, 32, 0, 0, socket.if_nametoindex("eth0")) + struct.pack("HH4s", 8, 2, socket.inet_aton(neighbour))
    one.send(struct.pack("IHHII", 16 + len(body), 20, 0x605, 1, 0) + body)
    error = -struct.unpack_from("i", one.recv(4096), 16)[0]
    if error:
        raise OSError(error, "netlink")


attempt("as the neighbour", lambda: from_address(neighbour))
attempt("as the host", lambda: from_address("192.0.2.1"))
attempt("as the gateway", lambda: from_address("169.254.1.1"))
attempt("as the world", lambda: from_address("203.0.113.7"))
attempt("raw", lambda: raw(255))
attempt("frame", frame)
attempt("ipv6", ipv6)
attempt("address", route)
attempt("netfilter", lambda: socket.socket(16, socket.SOCK_RAW, 12).close())
attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM).close())
attempt("bluetooth", lambda: socket.socket(31, socket.SOCK_RAW).close())
attempt("crypto", lambda: socket.socket(38, socket.SOCK_SEQPACKET).close())
