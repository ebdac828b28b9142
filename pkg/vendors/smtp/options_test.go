package smtp_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notify/pkg/diag"
	"notify/pkg/message"
	"notify/pkg/vendors"
	"notify/pkg/vendors/smtp"
)

func TestOptionsAreCheckedBeforeAnythingIsConnected(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "empty.pem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ca := newAuthority(t, "relay.test").file
	for _, tt := range []struct {
		name     string
		endpoint string
		options  map[string]any
		want     []string // parts of the error; none: it is fine
	}{
		{"the least", "", map[string]any{"address": "mail.edm.example.test"}, nil},
		{"everything", "", map[string]any{
			"address": "mail.edm.example.test:2525", "tls": "STARTTLS", "ca_file": ca, "server_name": "x.test", "username": "u", "password": 12345678,
			"auth": "cram-md5", "helo": "client.example.test", "message_id_domain": "edm.example.test", "dsn": "true",
			"envelope_from": "bounce@edm.example.test", "max_per_connection": "100", "idle_timeout": "10s",
			"timeouts": map[string]any{"connect": "5s", "greeting": "1m", "command": "1m", "data": "1m", "body": "1m", "dot": "15m"},
		}, nil},
		{"an endpoint instead of an address", "smtp://127.0.0.1:2525", map[string]any{"tls": "none"}, nil},
		{"nothing", "", nil, []string{"options.address: the server is missing"}},
		{"an unknown key", "", map[string]any{"address": "a.test", "hello": "b.test"}, []string{`options.hello: there is no option "hello"; did you mean helo?`}},
		{"an unknown step", "", map[string]any{"address": "a.test", "timeouts": map[string]any{"dots": "1m"}}, []string{
			`options.timeouts.dots: there is no option "dots"; did you mean dot?`,
		}},
		{"several at once", "", map[string]any{"tls": "off", "dsn": "perhaps", "max_per_connection": -1, "idle_timeout": "soon"}, []string{
			`options.tls: "off" is not one of none, starttls, implicit`, "options.dsn:", "options.max_per_connection:", "options.idle_timeout:", "options.address:",
		}},
		{"credentials in the address", "", map[string]any{"address": "u:" + testPassword + "@a.test:25"}, []string{"options.address: this is not host:port"}},
		{"a port that is none", "", map[string]any{"address": "a.test:smtp"}, []string{"options.address:"}},
		{"a user without a password", "", map[string]any{"address": "a.test", "username": "u"}, []string{"belong together"}},
		{"a CA file that is missing", "", map[string]any{"address": "a.test", "ca_file": "none.pem"}, []string{"the CA file", dir}},
		{"a CA file without a certificate", "", map[string]any{"address": "a.test", "ca_file": "empty.pem"}, []string{"holds no certificate"}},
		{"a CA without TLS", "", map[string]any{"address": "a.test", "tls": "none", "ca_file": ca}, []string{"means nothing"}},
		{"an envelope sender that is none", "", map[string]any{"address": "a.test", "envelope_from": "x>\r\nRCPT"}, []string{"options.envelope_from:"}},
		{"a greeting with a line break", "", map[string]any{"address": "a.test", "helo": "x\r\nMAIL"}, []string{"options.helo:"}},
		{"a password that is a list", "", map[string]any{"address": "a.test", "username": "u", "password": []any{testPassword}}, []string{
			"options.password: a text is wanted",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := smtp.Kind().New(vendors.Settings{
				Account: "edm", Endpoint: tt.endpoint, Options: tt.options, Dir: dir, Concurrency: 1, Timeout: time.Second, Now: time.Now,
			})
			if (err == nil) != (len(tt.want) == 0) {
				t.Fatalf("error %v", err)
			}
			var said strings.Builder
			var input *diag.InputError
			if errors.As(err, &input) {
				for _, p := range input.Problems.Kept() {
					said.WriteString(p.String() + "\n")
				}
			} else if err != nil {
				said.WriteString(err.Error())
			}
			for _, part := range tt.want {
				if !strings.Contains(said.String(), part) {
					t.Errorf("error %q does not say %q", said.String(), part)
				}
			}
			if err != nil && strings.Contains(err.Error(), testPassword) {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

func TestTheKindIsForMail(t *testing.T) {
	k := smtp.Kind()
	if k.Name != "smtp" || len(k.Channels) != 1 || k.Channels[0] != message.Email {
		t.Errorf("kind %+v", k)
	}
	v, err := vendors.Registry{k.Name: k}.New("smtp", vendors.Settings{Options: map[string]any{"address": "a.test"}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}
