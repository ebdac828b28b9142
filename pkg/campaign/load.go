package campaign

import (
	"cmp"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"notify/pkg/channel"
	"notify/pkg/diag"
	"notify/pkg/diag/yamldoc"
	"notify/pkg/message"
	"notify/pkg/words"
)

// Find is the campaign file that belongs to a list: beside it, under its name, .yaml or .yml ("award.xlsx" has
// "award.yaml"). Where there is none, the *diag.InputError says what was looked for.
func Find(listPath string) (string, error) {
	base := strings.TrimSuffix(listPath, filepath.Ext(listPath))
	for _, ext := range []string{".yaml", ".yml"} {
		if info, err := os.Stat(base + ext); err == nil && !info.IsDir() {
			return base + ext, nil
		}
	}
	problems := &diag.List{}
	problems.Add(diag.Err(diag.Place{File: base + ".yaml"}, "campaign.campaign-missing", nil).Do("campaign.do.init", words.A{"list": words.Typed(listPath)}))
	return "", problems.Err()
}

// Load reads a campaign file and the texts that it names, relative to it. zone is the installation's, for a deadline
// that does not say its own; nil refuses such a deadline. What the operator has to mend is a *diag.InputError: every
// problem at once.
// channels are those that the installation has; nil are the built-in ones.
func Load(path string, zone *time.Location, channels channel.Set) (*Campaign, error) {
	problems := &diag.List{Keep: 100}
	doc := &yamldoc.Document{Place: diag.Place{File: path}, Problems: problems}
	root, ok := doc.Read(path)
	if !ok {
		return nil, problems.Err()
	}
	r := &reader{dir: filepath.Dir(path), zone: zone, set: channels, problems: problems}
	c := r.campaign(root)
	c.Path, c.Files = path, append(r.files, absolute(path))
	if err := problems.Err(); err != nil {
		return nil, err
	}
	for _, p := range problems.Kept() {
		c.Warnings = append(c.Warnings, p.Text())
	}
	return c, nil
}

// reader turns the file into a Campaign.
type reader struct {
	dir      string
	zone     *time.Location
	set      channel.Set
	problems *diag.List
	files    []string
}

// absolute is a path as any working folder has it.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// maxRecipients and the longest times are the largest that are taken for meant.
const (
	maxRecipients = 100_000_000
	year          = 366 * 24 * time.Hour
	defaultLately = 7 * 24 * time.Hour
)

func (r *reader) campaign(m *yamldoc.Map) *Campaign {
	c := &Campaign{
		Name:         r.name(m),
		Owner:        required(m, "owner", words.T("campaign.do.owner", nil)),
		Team:         m.Value("team").Text(),
		Class:        r.class(m),
		Environment:  m.Value("environment").OneOf("production", "staging", "test"),
		Expect:       int(m.Value("expect").Int(1, maxRecipients)),
		List:         r.list(m.Map("list")),
		Window:       r.window(m.Map("window")),
		Deadline:     r.deadline(m.Value("deadline")),
		StopWhen:     r.stopWhen(m.Map("stop_when")),
		Waves:        r.waves(m.Map("waves")),
		Checklist:    m.Value("checklist").Text(),
		Shared:       m.Value("shared_address").OneOf(SharedRefuse, SharedFold, SharedEach),
		DedupeWindow: m.Value("dedupe_window").Duration(time.Minute, year),
		ToldLately:   cmp.Or(m.Value("told_lately").Duration(time.Minute, year), defaultLately),
	}
	c.Budget, _ = yamldoc.Parsed(m.Value("budget"), budget, words.T("campaign.do.budget", nil))
	if c.Shared == "" {
		c.Shared = SharedRefuse
	}
	r.channels(m, c)
	r.order(m.Value("order"), c)
	m.Done()
	return c
}

// required is a text that the campaign cannot do without.
func required(m *yamldoc.Map, key string, hint words.Text) string {
	v := m.Value(key)
	if v.Missing() {
		m.Problem(key, words.T("campaign.value-missing", words.A{"key": key}), hint)
		return ""
	}
	s := strings.TrimSpace(v.Text())
	if s == "" && v.Set() && !v.IsMapOrList() {
		v.Problem(words.T("campaign.value-empty", words.A{"key": key}), hint)
	}
	return s
}

// namePattern is what may be the identity of a campaign, which is also used in names of files.
var namePattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]*$`) }) //nolint:gochecknoglobals // letters of all scripts take a while to compile

func (r *reader) name(m *yamldoc.Map) string {
	s := required(m, "name", words.T("campaign.do.name", nil))
	if s == "" {
		return ""
	}
	if !namePattern().MatchString(s) || strings.HasSuffix(s, ".") || len([]rune(s)) > 64 {
		m.Problem("name", words.T("campaign.name-invalid", words.A{"name": s}), words.T("campaign.do.name-letters", nil))
	}
	return s
}

func (r *reader) class(m *yamldoc.Map) string {
	if m.Value("class").Missing() {
		m.Problem("class", words.T("campaign.class-missing", nil), words.T("config.do.class", nil))
	}
	return m.Value("class").OneOf("notice", "marketing")
}

func (r *reader) list(m *yamldoc.Map) ListOptions {
	o := ListOptions{Sheet: m.Value("sheet").Text(), Encoding: m.Value("encoding").Text()}
	columns := m.Map("columns")
	for _, role := range append([]string{"key", "name"}, r.set.Columns()...) {
		header := strings.TrimSpace(columns.Value(role).Text())
		if header == "" {
			continue
		}
		if o.Columns == nil {
			o.Columns = make(map[string]string)
		}
		o.Columns[role] = header
	}
	columns.Done()
	r.query(m, &o)
	m.Done()
	return o
}

// query reads from where a list is made, once.
func (r *reader) query(m *yamldoc.Map, o *ListOptions) {
	query, database := m.Value("query"), m.Value("database")
	if query.Missing() && database.Missing() {
		return
	}
	do := words.T("campaign.do.query", nil)
	o.Query, o.Database = query.Text(), database.Text()
	if o.Query == "" || o.Database == "" {
		m.Problem("query", words.T("campaign.query-alone", nil), do)
		return
	}
	if o.Sheet != "" || o.Encoding != "" {
		m.Problem("query", words.T("campaign.query-sheet", nil), do)
	}
	if !filepath.IsAbs(o.Query) {
		o.Query = filepath.Join(r.dir, o.Query)
	}
	if info, err := os.Stat(o.Query); err != nil || info.IsDir() {
		query.Problem(words.T("campaign.query-file", words.A{"file": o.Query}), do)
	}
	r.files = append(r.files, absolute(o.Query))
	u, err := url.Parse(o.Database)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		database.Problem(words.T("campaign.query-database", nil), do)
		return
	}
	o.Database = r.withPassword(database, u)
}

// withPassword is the URL with the file of its password, relative to the campaign file. A password that stands in it is refused: a campaign file
// is shown to those who sign.
func (r *reader) withPassword(v yamldoc.Value, u *url.URL) string {
	q := u.Query()
	password, inside := u.User.Password()
	if given := q.Get("password"); given != "" {
		password, inside = given, true
	}
	if strings.Contains(u.Path, "@") || u.Fragment != "" { // it ended the name of the server, by a / or # in it
		inside = true
	}
	file, ok := strings.CutPrefix(password, "file:")
	if inside && !ok {
		v.Problem(words.T("campaign.query-password", nil), words.T("campaign.do.query-password", nil))
	}
	if !ok || filepath.IsAbs(file) {
		return v.Text()
	}
	u.User = url.User(u.User.Username())
	q.Set("password", "file:"+filepath.Join(r.dir, file))
	u.RawQuery = q.Encode()
	return u.String()
}

func (r *reader) window(m *yamldoc.Map) Window {
	defer m.Done()
	from, to := m.Value("from"), m.Value("to")
	if !from.Set() && !to.Set() {
		return Window{}
	}
	hint := words.T("campaign.do.window", nil)
	for _, key := range []string{"from", "to"} {
		if m.Value(key).Missing() {
			m.Problem(key, words.T("campaign.window-end", nil), hint)
		}
	}
	start, ok1 := yamldoc.Parsed(from, clock, hint)
	end, ok2 := yamldoc.Parsed(to, clock, hint)
	if ok1 && ok2 && (start == end || start == 24*time.Hour) {
		to.Problem(words.T("campaign.window-empty", words.A{"from": from.Text(), "to": to.Text()}), hint)
	}
	return Window{From: start, To: end}
}

var clockPattern = regexp.MustCompile(`^([01]?[0-9]|2[0-4]):([0-5][0-9])$`)

// clock is the time since midnight of "09:00"; "24:00" is the end of the day.
func clock(s string) (time.Duration, error) {
	m := clockPattern.FindStringSubmatch(s)
	if m == nil {
		return 0, words.Err("campaign.time-invalid", words.A{"value": s})
	}
	d, err := time.ParseDuration(m[1] + "h" + m[2] + "m")
	if err != nil || d > 24*time.Hour {
		return 0, words.Err("campaign.time-invalid", words.A{"value": s})
	}
	return d, nil
}

func (r *reader) deadline(v yamldoc.Value) time.Time {
	t, _ := yamldoc.Parsed(v, func(s string) (time.Time, error) {
		for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04Z07:00"} {
			if t, err := time.Parse(layout, s); err == nil {
				return t, nil
			}
		}
		for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04"} {
			if _, err := time.Parse(layout, s); err != nil {
				continue
			}
			if r.zone == nil {
				return time.Time{}, words.Err("campaign.deadline-zone", words.A{"value": s})
			}
			return time.ParseInLocation(layout, s, r.zone)
		}
		return time.Time{}, words.Err("campaign.deadline-invalid", words.A{"value": s})
	}, words.T("campaign.do.deadline", nil))
	return t
}

// defaultStopWindow is how many outcomes are looked at where the file gives shares only.
const defaultStopWindow = 200

func (r *reader) stopWhen(m *yamldoc.Map) StopWhen {
	defer m.Done()
	hint := words.T("campaign.do.share", nil)
	s := StopWhen{Window: int(m.Value("window").Int(1, 1_000_000))}
	s.Failed, _ = yamldoc.Parsed(m.Value("failed"), parseShare, hint)
	s.Unknown, _ = yamldoc.Parsed(m.Value("unknown"), parseShare, hint)
	if s.Window == 0 && (s.Failed > 0 || s.Unknown > 0) {
		s.Window = defaultStopWindow
	}
	if m.Value("window").Set() && !m.Value("failed").Set() && !m.Value("unknown").Set() {
		m.Problem("window", words.T("campaign.stop-without-share", nil), words.T("campaign.do.stop", nil))
	}
	return s
}

// longestHold is the longest time between two waves that is taken for meant.
const longestHold = 7 * 24 * time.Hour

func (r *reader) waves(m *yamldoc.Map) Waves {
	defer m.Done()
	w := Waves{Hold: m.Value("hold").Duration(0, longestHold), Wait: m.Value("wait").OneOf("true", "false") == "true"}
	for _, v := range m.Value("sizes").List() {
		w.Sizes = append(w.Sizes, int(v.Int(1, maxRecipients)))
	}
	stop := m.Map("stop_when")
	hint := words.T("campaign.do.share", nil)
	w.StopWhen.Failed, _ = yamldoc.Parsed(stop.Value("failed"), parseShare, hint)
	w.StopWhen.Unknown, _ = yamldoc.Parsed(stop.Value("unknown"), parseShare, hint)
	stop.Done()
	if len(m.Keys()) > 0 && m.Value("sizes").Missing() {
		m.Problem("sizes", words.T("campaign.waves-without-sizes", nil), words.T("campaign.do.waves", nil))
	}
	return w
}

// parseShare is above 0 and at most 1: "5%", "0.05". A plain 5 could be meant as either, and is refused.
func parseShare(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	switch {
	case err != nil || n != n:
		return 0, words.Err("campaign.share-invalid", words.A{"value": s})
	case percent:
		n /= 100
	}
	if n <= 0 || n > 1 || !percent && n == 1 {
		return 0, words.Err("campaign.share-range", words.A{"value": s})
	}
	return n, nil
}

func budget(s string) (message.Money, error) {
	n, err := message.ParseMoney(s)
	if err == nil && n <= 0 {
		return 0, words.Err("campaign.budget-zero", words.A{"value": s})
	}
	return n, err
}

func (r *reader) channels(m *yamldoc.Map, c *Campaign) {
	v := m.Value("channels")
	channels := v.Map()
	if v.Missing() || v.IsMap() && len(channels.Keys()) == 0 {
		each := words.List{Join: words.Or}
		for _, name := range r.set.Words() {
			each.Items = append(each.Items, name+":")
		}
		m.Problem("channels", words.T("campaign.channels-missing", nil), words.T("campaign.do.channels", words.A{"channels": each}))
	}
	for _, e := range r.set.All() {
		m, there := section(channels, string(e.Name))
		if !there {
			continue
		}
		t := Text{Channel: e.Name}
		switch e.Class {
		case channel.Short:
			t.Short = r.short(m, c.Class)
		case channel.Mail:
			t.Mail = r.mail(m)
		}
		c.Texts.Put(t)
	}
	channels.Done()
}

// order reads in which order messages leave.
func (r *reader) order(v yamldoc.Value, c *Campaign) {
	if v.OneOf("list", OrderSpread) != OrderSpread {
		return
	}
	c.Order = OrderSpread
	domains := slices.ContainsFunc(c.Channels(), func(ch message.Channel) bool { e := r.set.Of(ch); return e.PaceKey != nil })
	if !domains {
		v.Warn(words.T("campaign.order-nothing", nil), words.T("campaign.do.leave-out", nil))
	}
}

// section is the map under a key, and whether it is to be read: a key with nothing below it is, so that it can be told what
// is missing.
func section(m *yamldoc.Map, key string) (*yamldoc.Map, bool) {
	v := m.Value(key)
	return v.Map(), v.IsMap() || slices.Contains(m.Keys(), key) && v.Missing()
}

func (r *reader) short(m *yamldoc.Map, class string) *Short {
	defer m.Done()
	if slices.Contains(m.Keys(), "template") {
		return r.approved(m, class)
	}
	s := &Short{}
	if file := required(m, "text", words.T("campaign.do.short", nil)); file != "" {
		s.File = r.path(file)
		s.Text = r.text(m.Value("text"), s.File, maxShort)
	}
	codes := m.Map("template_code")
	for _, account := range codes.Keys() {
		put(&s.TemplateCode, account, required(codes, account, words.T("campaign.do.template", nil)))
	}
	vars := m.Map("template_vars")
	for _, column := range vars.Keys() {
		put(&s.TemplateVars, column, required(vars, column, words.T("campaign.do.template-var", nil)))
	}
	return s
}
