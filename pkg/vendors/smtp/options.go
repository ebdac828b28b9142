package smtp

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"notify/pkg/diag"
	"notify/pkg/inuse"
	"notify/pkg/option"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// How the connection is encrypted. Certificates are always verified, and starttls never falls back to plain.
const (
	tlsNone     = "none"
	tlsStart    = "starttls"
	tlsImplicit = "implicit"
)

// How the client authenticates.
const (
	authAuto  = "auto"
	authPlain = "plain"
	authLogin = "login"
	authCRAM  = "cram-md5"
)

// options are the account's options as they stand in notify.yaml.
type options struct {
	address          string // host:port
	host             string
	tls              string
	caFile           string
	serverName       string
	username         string
	password         string
	auth             string
	helo             string
	heloGiven        bool
	messageIDDomain  string
	dsn              bool
	envelopeFrom     string
	maxPerConnection int
	idleTimeout      time.Duration
	timeouts         timeouts
}

// timeouts are per step. Before the final dot a time-out proves that nothing was taken, so that these may be shorter than
// RFC 5321 (4.5.3.2) suggests; they follow Settings.Timeout. After the dot it costs an unknown message: there the default is
// the ten minutes of 4.5.3.2.6, whatever Settings.Timeout says.
type timeouts struct {
	connect, greeting, command, data, body, dot time.Duration
}

// of is how long a reply in the envelope may take.
func (t *timeouts) of(at step) time.Duration {
	if at == stepData {
		return t.data
	}
	return t.command
}

const (
	dotTimeout     = 10 * time.Minute // RFC 5321 4.5.3.2.6
	defaultIdle    = 30 * time.Second // well below the 5 minutes that servers wait for a command (4.5.3.2.7)
	defaultPerConn = 500              // messages; relays that count allow 100 to 1000
)

// setter reads one option.
type setter func(o *options, value any) error

// declared is an option as others see it, and how it is read.
type declared struct {
	option.Option
	set setter
}

// table are all options.
func table() []declared {
	return []declared{
		{
			option.Option{Name: "address", Required: true, Role: option.Server, About: words.T("option.smtp.address", nil)},
			text(func(o *options) *string { return &o.address }),
		}, {
			option.Option{Name: "tls", Default: tlsStart, About: words.T("option.smtp.tls", nil)},
			choice(func(o *options) *string { return &o.tls }, tlsNone, tlsStart, tlsImplicit),
		}, {
			option.Option{Name: "ca_file", About: words.T("option.smtp.ca-file", nil)},
			text(func(o *options) *string { return &o.caFile }),
		}, {
			option.Option{Name: "server_name", About: words.T("option.smtp.server-name", nil)},
			text(func(o *options) *string { return &o.serverName }),
		}, {
			option.Option{Name: "username", About: words.T("option.smtp.username", nil)},
			text(func(o *options) *string { return &o.username }),
		}, {
			option.Option{Name: "password", Secret: true, About: words.T("option.smtp.password", nil)},
			text(func(o *options) *string { return &o.password }),
		}, {
			option.Option{Name: "auth", Default: authAuto, About: words.T("option.smtp.auth", nil), Tuning: true},
			choice(func(o *options) *string { return &o.auth }, authAuto, authPlain, authLogin, authCRAM),
		}, {
			option.Option{Name: "helo", About: words.T("option.smtp.helo", nil)},
			text(func(o *options) *string { return &o.helo }),
		}, {
			option.Option{Name: "message_id_domain", About: words.T("option.smtp.message-id-domain", nil)},
			text(func(o *options) *string { return &o.messageIDDomain }),
		}, {
			option.Option{Name: "envelope_from", Role: option.Envelope, About: words.T("option.smtp.envelope-from", nil)},
			text(func(o *options) *string { return &o.envelopeFrom }),
		}, {
			option.Option{Name: "dsn", Default: "false", About: words.T("option.smtp.dsn", nil), Tuning: true},
			setDSN,
		}, {
			option.Option{Name: "max_per_connection", Default: strconv.Itoa(defaultPerConn), About: words.T("option.smtp.max-per-connection", nil), Tuning: true},
			setMaxPerConnection,
		}, {
			option.Option{Name: "idle_timeout", Default: defaultIdle.String(), About: words.T("option.smtp.idle-timeout", nil), Tuning: true},
			duration(func(o *options) *time.Duration { return &o.idleTimeout }),
		}, {
			option.Option{Name: timeoutsKey, About: words.T("option.smtp.timeouts", nil), Tuning: true},
			setTimeouts,
		},
	}
}

// declare is the adapter's option.Declare.
func declare(map[string]any, string) option.Set {
	var set option.Set
	for _, d := range table() {
		set = append(set, d.Option)
	}
	return set
}

func setters() map[string]setter {
	known := make(map[string]setter)
	for _, d := range table() {
		known[d.Name] = d.set
	}
	return known
}

func timeoutSetters() map[string]setter {
	return map[string]setter{
		"connect":  duration(func(o *options) *time.Duration { return &o.timeouts.connect }),
		"greeting": duration(func(o *options) *time.Duration { return &o.timeouts.greeting }),
		"command":  duration(func(o *options) *time.Duration { return &o.timeouts.command }),
		"data":     duration(func(o *options) *time.Duration { return &o.timeouts.data }),
		"body":     duration(func(o *options) *time.Duration { return &o.timeouts.body }),
		"dot":      duration(func(o *options) *time.Duration { return &o.timeouts.dot }),
	}
}

// readOptions reads and checks everything, and reports all that is wrong at once.
func readOptions(s vendors.Settings) (options, error) {
	t := s.Timeout
	if t <= 0 {
		t = 30 * time.Second
	}
	o := options{
		tls: tlsStart, auth: authAuto, maxPerConnection: defaultPerConn, idleTimeout: defaultIdle,
		timeouts: timeouts{connect: t, greeting: t, command: t, data: t, body: t, dot: dotTimeout},
	}
	c := &checker{options: &o, account: s.Account}
	c.apply("", s.Options, setters())
	c.finish(s)
	return o, c.problems.Err()
}

// checker reads an account's options, and collects what is wrong with them.
type checker struct {
	*options

	account  string
	problems diag.List
}

func (c *checker) add(key string, summary, hint words.Text) {
	c.problems.Add(diag.Of(diag.Place{Column: "accounts." + c.account + ".options." + key}, summary).Then(hint))
}

// apply sets every value; the order is that of the keys, so that messages are the same on every run.
func (c *checker) apply(prefix string, values map[string]any, known map[string]setter) {
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		set, ok := known[k]
		if !ok {
			c.add(prefix+k, words.T("smtp.option-unknown", words.A{"option": k}), diag.Known(k, slices.Sorted(maps.Keys(known))))
			continue
		}
		if m, isMap := values[k].(map[string]any); isMap && prefix == "" && k == timeoutsKey {
			c.apply(timeoutsKey+".", m, timeoutSetters())
			continue
		}
		if err := set(c.options, values[k]); err != nil {
			c.add(prefix+k, words.Cause(err), words.HintOf(err))
		}
	}
}

// timeoutsKey is the option that holds others.
const timeoutsKey = "timeouts"

// finish fills in what follows from other options, and checks what belongs together.
func (c *checker) finish(s vendors.Settings) {
	o := c.options
	if s.Endpoint != "" {
		o.address = strings.TrimSuffix(strings.TrimPrefix(s.Endpoint, "smtp://"), "/")
	}
	if err := o.splitAddress(); err != nil {
		c.add("address", words.Cause(err), words.T("smtp.do.address", nil))
	}
	if o.caFile != "" && !filepath.IsAbs(o.caFile) {
		o.caFile = filepath.Join(s.Dir, o.caFile)
	}
	if o.caFile != "" && o.tls == tlsNone {
		c.add("ca_file", words.T("smtp.ca-needless", nil), words.T("smtp.do.ca-needless", nil))
	}
	if o.serverName == "" {
		o.serverName = o.host
	}
	if (o.username == "") != (o.password == "") {
		c.add("username", words.T("smtp.login-half", nil), words.T("smtp.do.login", nil))
	}
	if o.heloGiven = o.helo != ""; !o.heloGiven {
		o.helo = hostname()
	}
	for _, host := range [][2]string{{"helo", o.helo}, {"message_id_domain", o.messageIDDomain}} {
		if !hostNamed(host[1]) {
			c.add(host[0], words.T("smtp.host-invalid", nil), words.T("smtp.do.host", nil))
		}
	}
	if o.envelopeFrom != "" {
		from, err := parseAddress(o.envelopeFrom)
		if err != nil {
			c.add("envelope_from", words.T("smtp.envelope-invalid", nil), words.T("smtp.do.envelope", nil))
		}
		o.envelopeFrom = from.Address
	}
}

func hostNamed(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("<>@", r) })
}

// splitAddress takes host and port apart, and fills in the port that belongs to the kind of TLS (RFC 8314, RFC 6409).
func (o *options) splitAddress() error {
	if o.address == "" {
		return words.Err("smtp.address-missing", nil)
	}
	host, port, err := net.SplitHostPort(o.address)
	if err != nil {
		host, port = strings.Trim(o.address, "[]"), map[string]string{tlsNone: "25", tlsStart: "587", tlsImplicit: "465"}[o.tls]
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if strings.Contains(o.address, "@") { // it may hold a password
		return words.Err("smtp.address-login", nil)
	}
	if err != nil || n == 0 || host == "" || strings.ContainsAny(host, " /") {
		return words.Err("smtp.address-invalid", words.A{"address": o.address})
	}
	o.host, o.address = host, net.JoinHostPort(host, port)
	return nil
}

func (o *options) tlsConfig() (*tls.Config, error) {
	if o.tls == tlsNone {
		return nil, nil // no TLS is not an error
	}
	c := &tls.Config{ServerName: o.serverName, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
	if o.caFile != "" {
		pem, err := inuse.ReadFile(o.caFile)
		if err != nil {
			return nil, words.Wrap(err, "smtp.ca-unreadable", words.A{"file": o.caFile})
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, words.Err("smtp.ca-none", words.A{"file": o.caFile})
		}
	}
	return c, nil
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsAny(name, " <>@_") {
		return "localhost"
	}
	return name
}

func text(field func(*options) *string) setter {
	return func(o *options, value any) error {
		switch v := value.(type) {
		case string:
			*field(o) = v
		case int, int64, uint64, float64:
			*field(o) = fmt.Sprint(v) // a password of digits only, unquoted in YAML
		default:
			return words.Err("smtp.not-text", nil)
		}
		return nil
	}
}

func choice(field func(*options) *string, allowed ...string) setter {
	return func(o *options, value any) error {
		s := strings.ToLower(fmt.Sprint(value))
		for _, a := range allowed {
			if s == a {
				*field(o) = s
				return nil
			}
		}
		return words.Err("smtp.not-one-of", words.A{"value": s, "allowed": words.Names(allowed, 0)})
	}
}

func duration(field func(*options) *time.Duration) setter {
	return func(o *options, value any) error {
		d, err := time.ParseDuration(fmt.Sprint(value))
		if err != nil || d <= 0 {
			return words.Err("smtp.not-time", words.A{"value": fmt.Sprint(value)})
		}
		*field(o) = d
		return nil
	}
}

func setDSN(o *options, value any) error {
	b, err := strconv.ParseBool(fmt.Sprint(value))
	if err != nil {
		return words.Err("smtp.not-bool", words.A{"value": fmt.Sprint(value)})
	}
	o.dsn = b
	return nil
}

func setMaxPerConnection(o *options, value any) error {
	n, err := strconv.Atoi(fmt.Sprint(value))
	if err != nil || n < 0 {
		return words.Err("smtp.not-number", words.A{"value": fmt.Sprint(value)})
	}
	o.maxPerConnection = n
	return nil
}

// setTimeouts is asked where the option is no map; one that is a map is read key by key.
func setTimeouts(*options, any) error { return words.Err("smtp.not-steps", nil) }
