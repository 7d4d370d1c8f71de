"""
Makes the kernel work, from many processes at once and for some seconds: WHAT SECONDS. What they do stands in the files
that are put before this one.
"""
import array, ctypes, errno, mmap, os, select, signal, socket, sys, threading, time

what, seconds = sys.argv[1], float(sys.argv[2])
processes = 32
end = time.time() + seconds
libc = ctypes.CDLL(None, use_errno=True)
going = lambda: time.time() < end
word = lambda value: ctypes.c_long(value)
timespec = lambda nanoseconds: (ctypes.c_long * 2)(nanoseconds // 10**9, nanoseconds % 10**9)

signal.signal(signal.SIGCHLD, signal.SIG_DFL)
for _ in range(processes - 1):
    try:
        if os.fork() == 0:
            try:
                globals()[what]()
            finally:
                os._exit(0)
    except OSError:
        pass
try:
    globals()[what]()
except OSError as error:
    print(errno.errorcode[error.errno])
with open("/proc/self/timerslack_ns") as file:
    print("slack", file.read().strip())
