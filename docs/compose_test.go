//go:build unix

package docs_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"notify/pkg/ledger/postgres/pgtest"
)

// composed is examples/compose.yaml, with what it uses of the compose specification and no more.
type composed struct {
	Services map[string]service
	Secrets  map[string]struct{ File string }
	Volumes  map[string]struct{}
}

type service struct {
	Image, Hostname string
	WorkingDir      string                                `yaml:"working_dir"`
	DependsOn       map[string]struct{ Condition string } `yaml:"depends_on"`
	Environment     map[string]string
	Secrets         []string
	Volumes         []string
	Command         []string
	Healthcheck     *struct {
		Test              []string
		Interval, Timeout string
		Retries           int
	}
}

func compose(t *testing.T) composed {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader([]byte(read(t, "../examples/compose.yaml"))))
	d.KnownFields(true)
	var c composed
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// No containers are needed to see that each name in it leads to something that is there.
func TestTheNamesInTheComposeFileLeadSomewhere(t *testing.T) {
	t.Parallel()
	c := compose(t)
	h := &helper{binary: built(t)}
	// What the official image takes: https://hub.docker.com/_/postgres.
	server := []string{"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE", "POSTGRES_INITDB_ARGS"}
	senders := 0
	for name, s := range c.Services {
		for _, secret := range s.Secrets {
			if c.Secrets[secret].File == "" {
				t.Errorf("%s: the secret %s has no file", name, secret)
			}
		}
		for _, v := range s.Volumes {
			from, to, _ := strings.Cut(v, ":")
			if _, ok := c.Volumes[from]; !ok && !strings.HasPrefix(from, "<") || !strings.HasPrefix(to, "/") {
				t.Errorf("%s: the volume %s is none", name, v)
			}
		}
		for on, d := range s.DependsOn {
			if c.Services[on].Healthcheck == nil || d.Condition != "service_healthy" {
				t.Errorf("%s waits for %s, which cannot say that it is %s", name, on, d.Condition)
			}
		}
		switch {
		case s.Image == "<notify>":
			senders++
			h.check(t, line{"compose.yaml", 0, "notify " + strings.Join(s.Command, " ")})
			if state := s.Environment["XDG_STATE_HOME"]; !slices.ContainsFunc(s.Volumes, func(v string) bool { return v == name+":"+state }) {
				t.Errorf("%s: the witness in %s does not outlive the container", name, state)
			}
		case strings.HasPrefix(s.Image, "postgres:"):
			for variable := range s.Environment {
				if !slices.Contains(server, variable) {
					t.Errorf("%s: the image does not know %s", name, variable)
				}
			}
		default:
			t.Errorf("%s: who has an image %s?", name, s.Image)
		}
	}
	if senders != 2 {
		t.Errorf("%d services send", senders)
	}
}

// The senders reach a server that has what the file gives it, by the file's own URL: its names are answered here by those of a test.
func TestTheSendersOfTheComposeFileReachTheirServer(t *testing.T) {
	t.Parallel()
	c := compose(t)
	db, bin := c.Services["db"], built(t)
	s := pgtest.Start(t, "fsync = on")
	dir := t.TempDir()
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte("not a trusted guest\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	user, name := db.Environment["POSTGRES_USER"], db.Environment["POSTGRES_DB"]
	hba := filepath.Join(s.Dir(), "pg_hba.conf")
	if err := os.WriteFile(hba, []byte("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SQL(t.Context(), "postgres", fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'not a trusted guest'", user),
		fmt.Sprintf("CREATE DATABASE %s OWNER %s", name, user), "SELECT pg_reload_conf()"); err != nil {
		t.Fatal(err)
	}
	if want := []string{"CMD", "pg_isready", "-U", user}; !slices.Equal(db.Healthcheck.Test, want) {
		t.Errorf("the health of the server is asked for with %v, want %v", db.Healthcheck.Test, want)
	}
	programs, err := pgtest.Find()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), filepath.Join(programs, db.Healthcheck.Test[1]), append(db.Healthcheck.Test[2:], "-d", s.SocketURL(user, name))...).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	for _, sender := range []string{"first", "second"} {
		url := c.Services[sender].Environment["NOTIFY_LEDGER"]
		for _, secret := range []string{password, password + ".gone"} {
			here := strings.NewReplacer("@db/", "@"+s.Addr()+"/", "/run/secrets/password", secret).Replace(url)
			cmd := exec.CommandContext(t.Context(), bin, "ledger", "check")
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "NOTIFY_LEDGER="+here, "XDG_STATE_HOME="+dir, "NOTIFY_CONFIG="+filepath.Join(abs(t, "../examples"), "notify.yaml"))
			out, err := cmd.CombinedOutput()
			var ended *exec.ExitError
			if (err == nil) != (secret == password) || err != nil && !errors.As(err, &ended) {
				t.Errorf("%s with %s: %v\n%s", sender, here, err, out)
			}
		}
	}
}

// What the compose file does, without containers: the script counts at the vendor, and fails where anybody was told twice or not at all.
func TestTwoSendersShareOneServer(t *testing.T) {
	t.Parallel()
	if _, err := pgtest.Find(); errors.Is(err, pgtest.ErrMissing) {
		pgtest.Start(t) // it says so loudly, or fails
	}
	out, err := exec.CommandContext(t.Context(), "bash", "../scripts/two-senders.sh", built(t), "40").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := "two senders told 80 addresses, each once, twice: 0"; !strings.Contains(string(out), want) {
		t.Errorf("it does not say %q at its end:\n%s", want, out)
	}
}

func abs(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
