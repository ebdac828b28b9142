//go:build unix

// ssh-keygen is not on every Windows.

package sshsign_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"notify/pkg/sshsign"
)

// keygen makes a key with the real ssh-keygen, and returns its file and what is known of it.
func keygen(t *testing.T, kind, passphrase string) (string, sshsign.Key) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "id")
	run(t, nil, "ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "li@desk", "-f", file)
	public, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	key, err := sshsign.ParseKey(string(public))
	if err != nil {
		t.Fatal(err)
	}
	return file, key
}

func run(t *testing.T, stdin []byte, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stdin = strings.NewReader(string(stdin))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func TestWhatSSHKeygenSignsIsVerifiedHereAndTheOtherWayRound(t *testing.T) {
	for _, kind := range []string{"ed25519", "ecdsa", "rsa"} {
		t.Run(kind, func(t *testing.T) {
			file, key := keygen(t, kind, "")
			text := filepath.Join(t.TempDir(), "text")
			if err := os.WriteFile(text, []byte("read\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			run(t, nil, "ssh-keygen", "-Y", "sign", "-q", "-n", sshsign.Namespace, "-f", file, text)
			made, err := os.ReadFile(text + ".sig")
			if err != nil {
				t.Fatal(err)
			}
			if err := key.Verify([]byte("read\n"), string(made)); err != nil {
				t.Errorf("made by ssh-keygen: %v", err)
			}
			ours, err := key.Sign(t.Context(), []byte("read\n"), sshsign.Signing{File: file})
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			public, _ := os.ReadFile(file + ".pub")
			for name, content := range map[string]string{"sig": ours, "allowed": "li " + string(public)} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out := run(t, []byte("read\n"), "ssh-keygen", "-Y", "verify", "-n", sshsign.Namespace, "-I", "li", "-f", filepath.Join(dir, "allowed"), "-s", filepath.Join(dir, "sig"))
			if !strings.Contains(out, "Good") {
				t.Errorf("ssh-keygen says %q", out)
			}
		})
	}
}

func TestASignatureThatDoesNotFitIsRefused(t *testing.T) {
	file, key := keygen(t, "ed25519", "")
	otherFile, other := keygen(t, "ed25519", "")
	sig, err := key.Sign(t.Context(), []byte("read"), sshsign.Signing{File: file})
	if err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("read"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, nil, "ssh-keygen", "-Y", "sign", "-q", "-n", "file", "-f", file, text)
	foreign, err := os.ReadFile(text + ".sig")
	if err != nil {
		t.Fatal(err)
	}
	if key.Verify([]byte("READ"), sig) == nil || other.Verify([]byte("read"), sig) == nil || key.Verify([]byte("read"), "") == nil ||
		key.Verify([]byte("read"), string(foreign)) == nil {
		t.Error("another text, another key, nothing, or a signature for something else was taken")
	}
	if _, err := key.Sign(t.Context(), []byte("read"), sshsign.Signing{File: otherFile}); err == nil {
		t.Error("signed with another key")
	}
	locked, lockedKey := keygen(t, "ed25519", "secret")
	if _, err := lockedKey.Sign(t.Context(), []byte("read"), sshsign.Signing{File: locked}); err == nil || !strings.Contains(err.Error(), "passphrase") {
		t.Errorf("a key with a passphrase: %v", err)
	}
}

func TestAnAgentSigns(t *testing.T) {
	file, key := keygen(t, "ed25519", "")
	private, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := ssh.ParseRawPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, c) }()
		}
	}()
	by := sshsign.Signing{File: file + ".pub", Socket: socket}
	if _, err := key.Sign(t.Context(), []byte("read"), by); err == nil {
		t.Error("an agent without the key signed")
	}
	if err := ring.Add(agent.AddedKey{PrivateKey: raw}); err != nil {
		t.Fatal(err)
	}
	sig, err := key.Sign(t.Context(), []byte("read"), by)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Verify([]byte("read"), sig); err != nil {
		t.Error(err)
	}
}

func TestOnlyALineOfAuthorizedKeysIsAKey(t *testing.T) {
	file, _ := keygen(t, "ed25519", "")
	public, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"", "ssh-ed25519 AAAA", "restrict " + string(public), string(public) + string(public)} {
		if _, err := sshsign.ParseKey(line); err == nil {
			t.Errorf("%q is taken for a key", line)
		}
	}
}
