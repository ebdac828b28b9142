//go:build unix

package httpvendor_test

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"notify/pkg/freeport"
	"notify/pkg/message"
	"notify/pkg/vendors/vendorstest"
)

// kannelConf is a bearerbox with a carrier that tests play (smsc = fake), and an smsbox.
const kannelConf = `group = core
admin-port = %[1]d
admin-password = x
smsbox-port = %[2]d
box-allow-ip = "127.0.0.1"
log-level = 2

group = smsc
smsc = fake
smsc-id = carrier
port = %[3]d
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = %[4]d
global-sender = 12345
log-level = 2

group = sendsms-user
username = u
password = p
max-messages = 10
concatenation = true
`

// kannel runs Kannel from Debian on loopback. It returns the address of its API, and what the carrier behind it gets.
func kannel(t *testing.T) (endpoint string, carrier *bufio.Reader) {
	t.Helper()
	var ports [4]any
	for i := range ports {
		address, err := netip.ParseAddrPort(freeport.Address(t))
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = address.Port()
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "kannel.conf")
	write(t, conf, fmt.Sprintf(kannelConf, ports[:]...))
	box(t, "bearerbox", conf)
	_ = connect(t, ports[1]).Close() // an smsbox that finds no bearerbox ends at once
	c := connect(t, ports[2])
	box(t, "smsbox", conf)
	_ = connect(t, ports[3]).Close()
	said(t, conf+".smsbox", "Connected to bearerbox") // it listens before that, and cuts what it then cannot pass on
	return fmt.Sprintf("http://127.0.0.1:%d", ports[3]), bufio.NewReader(c)
}

// box starts one of Kannel's programs until the test's end.
func box(t *testing.T, name, conf string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = "/usr/sbin/" + name // not in most users' PATH
	}
	log, err := os.Create(conf + "." + name)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, conf)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s is missing: scripts/deps.sh installs it: %v", name, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
		if said, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("%s: %s", name, said)
		}
	})
}

// connect waits until somebody listens.
func connect(t *testing.T, port any) net.Conn {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 60_000 { // ten minutes
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			t.Cleanup(func() { _ = c.Close() })
			return c
		}
		<-tick.C
	}
	t.Fatalf("nobody listens on port %d", port)
	return nil
}

// said waits until a program has said something.
func said(t *testing.T, log, what string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range 60_000 { // ten minutes
		if text, err := os.ReadFile(log); err == nil && strings.Contains(string(text), what) {
			return
		}
		<-tick.C
	}
	t.Fatalf("%s does not say %q", log, what)
}

// fromCarrier is the text of a line of the carrier's protocol: sender, recipient, coding, and the text, in percent encoding unless it is plain.
func fromCarrier(t *testing.T, line string) (to, text string) {
	t.Helper()
	fields := strings.SplitN(strings.TrimSpace(line), " ", 4)
	if len(fields) != 4 || fields[0] != "12345" {
		t.Fatalf("the carrier read %q", line)
	}
	switch fields[2] {
	case "text":
		return fields[1], fields[3]
	case "ucs-2":
		raw, err := url.QueryUnescape(fields[3])
		if err != nil {
			t.Fatal(err)
		}
		var units []uint16
		for i := 0; i+1 < len(raw); i += 2 {
			units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
		}
		return fields[1], string(utf16.Decode(units))
	}
	t.Fatalf("the carrier read the coding %q", fields[2])
	return "", ""
}

func TestKannelTakesChineseUnharmed(t *testing.T) {
	endpoint, carrier := kannel(t)
	v := shipped(t, "kannel", endpoint, map[string]any{"username": "u", "password": "p"})
	const n = 30
	for i := range n {
		m := vendorstest.SMS(i)
		m.To = message.Address(fmt.Sprintf("+86134900000%02d", i))
		m.Text = fmt.Sprintf("【示例】%d 号获奖者李明😀：您好！恭喜获得“一等奖”，请于 1 月 %d 日前领取。", i, i+1)
		if i == 0 {
			m.Text = "Plain ASCII, 100% & more = fine?"
		}
		if o := v.Send(t.Context(), m); o.Kind != message.OutcomeAccepted {
			t.Fatalf("message %d: %+v", i, o)
		}
		line, err := carrier.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if to, text := fromCarrier(t, line); to != string(m.To) || text != m.Text {
			t.Errorf("message %d arrived at %s as %q\nwant %s, %q", i, to, text, m.To, m.Text)
		}
	}
	wrong := shipped(t, "kannel", endpoint, map[string]any{"username": "u", "password": "s3cr3t"})
	if o := wrong.Send(t.Context(), vendorstest.SMS(1)); o.Kind != message.OutcomeRefused || o.Reason != message.ReasonAuth {
		t.Errorf("with a wrong password: %+v", o)
	}
}
