package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"notify/pkg/exit"
	"notify/pkg/message"
)

// TestFullDisk: the disk of the ledger fills up in the middle of a run. It stops, says what to do, and nothing was sent that
// is not recorded; with room again, it goes on.
func TestFullDisk(t *testing.T) {
	t.Parallel() // it mostly waits
	if os.Getenv("NOTIFY_TEST_OWN_MOUNTS") == "" {
		inOwnMounts(t)
		return
	}
	const n = 3000
	p := newPlace(t, nil, "NOTIFY_ACCOUNTS_SMS_CONCURRENCY=8", "NOTIFY_ACCOUNTS_SMS_RATE=100/s") // time enough to fill it
	p.must(writeList(p.path("award.csv"), people(1, n)))
	p.write("award.yaml", only("award-2020", message.SMS))
	small := p.path("small")
	p.must(os.Mkdir(small, 0o700))
	p.must(syscall.Mount("tmpfs", small, "tmpfs", 0, "size=96m")) // the preflight wants 64 MiB
	t.Cleanup(func() { p.must(syscall.Unmount(small, syscall.MNT_DETACH)) })
	p.must(os.WriteFile(filepath.Join(small, "others"), nil, 0o600))
	ledger := filepath.Join(small, "notify.db")
	run := p.begin("send", "award.csv", "--yes", "--ledger", ledger)
	if err := p.receiver.reached(message.SMS, 100, func() bool { return !run.alive() }); err != nil {
		t.Fatalf("%v\n%s\n%s", err, run.out.String(), run.err.String())
	}
	p.must(fill(filepath.Join(small, "others")))
	code, err := run.wait()
	p.must(err)
	errs := run.err.String()
	if code != exit.Error || !strings.Contains(errs, "hint: free some space, then `notify resume`") {
		t.Fatalf("on a full disk it ended with %d\n%s\n%s", code, run.out.String(), errs)
	}
	before, err := p.receiver.count()
	p.must(err)
	if before.SMS.Reached >= n {
		t.Fatal("everything was sent before the disk was full")
	}
	t.Logf("stopped after %d of %d messages", before.SMS.Reached, n)

	p.must(os.Remove(filepath.Join(small, "others")))
	p.env = append(p.env, "NOTIFY_LEDGER="+ledger, "NOTIFY_ACCOUNTS_SMS_RATE=2000/s")
	p.wants([]int{exit.OK, exit.Some}, "resume", "award-2020")
	p.wants([]int{exit.OK}, "ledger", "check")
	tally, err := p.receiver.count()
	p.must(err)
	unknown := 0
	for _, s := range p.told("award-2020") {
		switch s {
		case message.Accepted:
		case message.Unknown:
			unknown++
		default:
			t.Errorf("a message is %s", s)
		}
	}
	if tally.SMS.Twice != 0 || tally.SMS.Reached < n-unknown || unknown > 8 {
		t.Errorf("%d of %d messages arrived, %d people twice; %d are unknown, and 8 at most were under way", tally.SMS.Reached, n, tally.SMS.Twice, unknown)
	}
	t.Logf("%d arrived, %d unknown", tally.SMS.Reached, unknown)
}

// fill writes until nothing more fits.
func fill(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	for _, size := range []int{1 << 16, 1 << 12, 1} {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		err = nil
	}
	return f.Close()
}

// inOwnMounts runs the test again where it may mount a small file system: in a namespace of its own, which ends with it.
func inOwnMounts(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "NOTIFY_TEST_OWN_MOUNTS=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
