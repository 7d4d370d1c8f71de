"""Knocks at every door of the kernel, as root inside. Prints each that opened, and `done`."""
import ctypes, errno, mmap, os

libc = ctypes.CDLL(None, use_errno=True)
calls = {
    "mount": 165, "umount2": 166, "pivot_root": 155, "unshare": 272, "setns": 308, "clone3": 435, "open_tree": 428,
    "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442,
    "open_tree_attr": 467, "statmount": 457, "listmount": 458, "add_key": 248, "request_key": 249, "keyctl": 250,
    "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "open_by_handle_at": 304, "io_uring_setup": 425,
    "io_uring_enter": 426, "io_uring_register": 427, "io_setup": 206, "kexec_load": 246, "kexec_file_load": 320,
    "init_module": 175, "finit_module": 313, "delete_module": 176, "iopl": 172, "ioperm": 173, "swapon": 167,
    "swapoff": 168, "reboot": 169, "settimeofday": 164, "clock_settime": 227, "acct": 163,
    "quotactl": 179, "quotactl_fd": 443, "lookup_dcookie": 212, "vhangup": 153, "modify_ldt": 154,
    "uselib": 134, "fanotify_init": 300, "move_pages": 279, "migrate_pages": 256, "kcmp": 312, "sethostname": 170,
    "vmsplice": 278, "nfsservctl": 180, "memfd_secret": 447,
}
refused = {errno.EPERM, errno.ENOSYS, errno.EACCES}
for name, number in calls.items():
    ctypes.set_errno(0)
    result = libc.syscall(number, 0, 0, 0, 0, 0, 0)
    if result >= 0 or ctypes.get_errno() not in refused:
        print("call", name, result, errno.errorcode.get(ctypes.get_errno()))

# clone(2) with each namespace flag; 17 is SIGCHLD.
for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x80):
    result = libc.syscall(56, flag | 17, 0, 0, 0, 0)
    if result == 0:
        os._exit(0)
    if result > 0 and flag != 0x80:
        print("clone", hex(flag))

# personality(2): what weakens the programs that follow, but for ADDR_NO_RANDOMIZE, which setuid programs lose.
for persona in (0x0400000, 0x0100000, 0x1000000, 0x0440000):
    if libc.syscall(135, persona) >= 0:
        print("personality", hex(persona))

for path, text in {
    "/proc/sysrq-trigger": "h", "/proc/sys/kernel/core_pattern": "|/tmp/x", "/proc/sys/kernel/modprobe": "/tmp/x",
    "/proc/sys/kernel/hostname": "x", "/proc/sys/kernel/panic": "1", "/proc/sys/vm/overcommit_memory": "1",
    "/proc/sys/vm/drop_caches": "3", "/proc/sys/fs/binfmt_misc/register": ":x:M::x::/tmp/x:", "/proc/sys/net/ipv4/ip_forward": "1",
    "/proc/sys/user/max_user_namespaces": "1", "/proc/sys/fs/inotify/max_user_watches": "1", "/proc/1/oom_score_adj": "-1",
    "/proc/self/oom_score_adj": "-1", "/proc/irq/default_smp_affinity": "1", "/sys/power/state": "mem",
    "/sys/kernel/uevent_helper": "/tmp/x", "/sys/kernel/mm/transparent_hugepage/enabled": "always", "/sys/fs/cgroup/cgroup.procs": "0",
    "/sys/fs/cgroup/memory/release_agent": "/tmp/x", "/sys/module/kernel/parameters/panic": "1", "/dev/kmsg": "x",
    "/proc/self/uid_map": "0 0 1", "/proc/self/setgroups": "allow", "/proc/mtrr": "disable=0",
}.items():
    try:
        fd = os.open(path, os.O_WRONLY)
        os.write(fd, text.encode())
        print("wrote", path)
    except OSError:
        pass

for path in ("/proc/kcore", "/proc/kmsg", "/proc/kallsyms", "/proc/keys", "/proc/cmdline", "/proc/diskstats", "/proc/partitions",
             "/proc/interrupts", "/proc/iomem", "/proc/slabinfo", "/proc/timer_list", "/dev/mem", "/dev/kmem", "/dev/port", "/dev/kvm",
             "/dev/fuse", "/dev/vda", "/dev/loop0", "/dev/btrfs-control", "/dev/mapper/control", "/dev/net/tun", "/proc/pressure/cpu",
             "/sys/block/loop0/loop/backing_file", "/sys/kernel/notes", "/sys/firmware/acpi/tables/DSDT", "/sys/module/kvm/parameters/tdp_mmu"):
    try:
        with open(path, "rb") as file:
            got = file.read(64)
        if got:
            print("read", path)
    except OSError:
        pass

for name, mode, device in (("disk", 0o60600, os.makedev(254, 0)), ("loop", 0o60600, os.makedev(7, 0)), ("mem", 0o20600, os.makedev(1, 1)), ("kmsg", 0o20600, os.makedev(1, 11))):
    try:
        os.mknod(f"/tmp/{name}", mode, device)
        print("mknod", name)
    except OSError:
        pass

# 32-bit system calls have numbers and holes of their own: int 0x80 with eax 20 (getpid) must not come back.
child = os.fork()
if child == 0:
    code = mmap.mmap(-1, 4096, prot=7)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    result = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    os._exit(1 if result > 0 else 0)
if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1:
    print("32-bit calls")
print("done")
