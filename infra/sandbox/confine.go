package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"

	"lenlop/transcoder"
)

// Where name spaces are forbidden, as by a container's own seccomp filter,
// bubblewrap cannot work. There the program starts itself once more, takes
// from itself what the command does not need (Landlock for files, seccomp for
// the network and for system calls that no decoder makes), and becomes it.

// confineWord is the first argument of such a start.
const confineWord = "confine-and-run"

// entered says that this program calls Enter, so that it may be started so.
var entered atomic.Bool

// Enter must be called first thing in main. It does nothing, unless the
// program was started by a Sandbox to become a command; then it never returns.
func Enter() {
	if len(os.Args) < 2 || os.Args[1] != confineWord {
		entered.Store(true)
		return
	}
	err := become(os.Args[2:])
	fmt.Fprintln(os.Stderr, "sandbox:", err)
	os.Exit(126)
}

// confined are the arguments of such a start, up to the command.
func confined(self string, c transcoder.Command, program string) []string {
	args := []string{self, confineWord, "run=" + program}
	for _, p := range c.ReadOnly {
		args = append(args, "read="+p)
	}
	if c.WriteDir != "" {
		args = append(args, "write="+c.WriteDir)
	}
	return append(args, "--")
}

// become confines the process and replaces it by the command.
func become(args []string) error {
	rules := []landlock.Rule{
		landlock.RODirs("/usr", "/lib", "/lib64", "/bin").IgnoreIfMissing(),
		landlock.RWFiles("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random").IgnoreIfMissing(),
	}
	for len(args) > 0 && args[0] != "--" {
		how, path, _ := strings.Cut(args[0], "=")
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		switch {
		case how == "write":
			rules = append(rules, landlock.RWDirs(path))
		case info.IsDir():
			rules = append(rules, landlock.RODirs(path))
		default:
			rules = append(rules, landlock.ROFiles(path))
		}
		args = args[1:]
	}
	if len(args) < 2 {
		return errors.New("no command")
	}
	// The first must hold whole; later kernels' further rights come on top.
	if err := landlock.V1.RestrictPaths(rules...); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	if err := landlock.V6.BestEffort().Restrict(rules...); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	// The filter belongs to the thread that will become the command.
	runtime.LockOSThread()
	if err := filter(); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	return syscall.Exec(args[1], args[1:], os.Environ()) //nolint:gosec // G702: running a command is its purpose
}

// architectures are the audit names of the processors that are known here.
var architectures = map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}

// forbidden are the system calls that a decoder never makes and an attacker
// would: the network, other processes, the kernel's larger surfaces.
var forbidden = []uint32{
	unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_ACCEPT,
	unix.SYS_ACCEPT4,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KILL, unix.SYS_TKILL,
	unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_UNSHARE, unix.SYS_SETNS,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_KEYCTL, unix.SYS_ADD_KEY,
	unix.SYS_REQUEST_KEY,
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_KEXEC_LOAD, unix.SYS_REBOOT,
	unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD, unix.SYS_PIDFD_SEND_SIGNAL,
}

// filter forbids the calls to this thread and what it becomes.
func filter() error {
	arch, ok := architectures[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("no filter for %s", runtime.GOARCH)
	}
	const (
		number, machine = 0, 4 // offsets in struct seccomp_data
		load            = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal           = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		least           = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
		answer          = unix.BPF_RET | unix.BPF_K
		no              = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
		x32             = 0x40000000 // the same calls under other numbers
	)
	p := []unix.SockFilter{
		{Code: load, K: machine},
		{Code: equal, K: arch, Jt: 1},
		{Code: answer, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: load, K: number},
		{Code: least, K: x32, Jf: 1},
		{Code: answer, K: no},
	}
	for _, n := range forbidden {
		p = append(p, unix.SockFilter{Code: equal, K: n, Jf: 1}, unix.SockFilter{Code: answer, K: no})
	}
	p = append(p, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	prog := unix.SockFprog{Len: uint16(len(p)), Filter: &p[0]}
	filter := uintptr(unsafe.Pointer(&prog)) //nolint:gosec // G103: the kernel reads the filter there
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, filter)
	if errno != 0 {
		return errno
	}
	return nil
}
