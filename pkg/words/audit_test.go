package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"text/template/parse"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"notify/pkg/checklist"
	"notify/pkg/exit"
	"notify/pkg/preflight"
	"notify/pkg/vendors/all"
	"notify/pkg/words"
)

const root = "../.."

// entry is a sentence of a catalogue: its templates, one or two, and the arguments that stand in them.
type entry struct {
	texts []string
	args  []string
}

// catalogue reads all files of a language.
func catalogue(t *testing.T, lang words.Language) map[string]entry {
	t.Helper()
	paths, err := filepath.Glob("catalogue/*." + string(lang) + ".yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no catalogue of %s: %v", lang, err)
	}
	all := make(map[string]entry)
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var raw map[string]any
		if err := yaml.Unmarshal(b, &raw); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for id, v := range raw {
			if _, twice := all[id]; twice {
				t.Errorf("%s: %s stands in two files", path, id)
			}
			all[id] = entryOf(t, path, id, v)
		}
	}
	return all
}

// chooses is the argument that chooses among plural forms, which need not show it.
func (e *entry) chooses() []string {
	if len(e.texts) > 1 {
		return []string{"n"}
	}
	return nil
}

func entryOf(t *testing.T, path, id string, v any) entry {
	t.Helper()
	var e entry
	switch v := v.(type) {
	case string:
		e.texts = []string{v}
	case map[string]any:
		for form, text := range v {
			s, ok := text.(string)
			if !ok || form != "one" && form != "other" {
				t.Errorf("%s: %s has the form %s, which is neither one nor other", path, id, form)
			}
			e.texts = append(e.texts, s)
		}
	default:
		t.Errorf("%s: %s is a %T", path, id, v)
	}
	for _, text := range e.texts {
		tree, err := template.New(id).Parse(text)
		if err != nil {
			t.Errorf("%s: %s: %v", path, id, err)
			continue
		}
		for _, node := range tree.Root.Nodes {
			if action, ok := node.(*parse.ActionNode); ok {
				e.args = append(e.args, strings.TrimPrefix(action.Pipe.String(), "."))
			}
		}
	}
	slices.Sort(e.args)
	e.args = slices.Compact(e.args)
	return e
}

func TestBothLanguagesSayTheSameThings(t *testing.T) {
	en, zh := catalogue(t, words.English), catalogue(t, words.Chinese)
	for id, e := range en {
		z, ok := zh[id]
		if !ok {
			t.Errorf("%s has no Chinese", id)
			continue
		}
		if diff := cmp.Diff(e.args, z.args); diff != "" {
			t.Errorf("%s has other arguments in Chinese: %s", id, diff)
		}
	}
	for id := range zh {
		if _, ok := en[id]; !ok {
			t.Errorf("%s has no English", id)
		}
	}
}

// latin is what may stand in Latin letters in a Chinese sentence: names of programs, formats and protocols.
var latin = regexp.MustCompile("(?s)`[^`]*`|\\{\\{.*?\\}\\}|<[^<>]*>|--?[a-z][a-z-]*|[A-Z][A-Z0-9-]+|[a-z0-9_.-]*\\.(?:ya?ml|xlsx|csv|json|html|db|txt)|https?://\\S*|" +
	`\b(?:notify|cron|Excel|Ctrl-C|Unicode|Base64|GB18030|OAuth|OpenAPI|Linux|Windows|macOS|Prometheus|node_exporter|Grafana|PostgreSQL|SQLite|postfix|MiB|min|DNS|To|From|ListUnsubscribe|List-Unsubscribe|List-Id|Reply-To|Message-ID|Content-ID|cid|px|id|ID|key|sheet|debug|info|warn|error)\b`)

var word = regexp.MustCompile(`[A-Za-z]{2,}`)

// called are the names of vendors, and of what they sell, as each kind says in English what it is.
func called() *regexp.Regexp {
	var names []string
	for _, k := range all.Registry() {
		names = append(names, regexp.MustCompile(`\b[A-Z][A-Za-z0-9-]+`).FindAllString(words.Printer{Lang: words.English}.Say(k.About), -1)...)
	}
	return regexp.MustCompile(`\b(?:` + strings.Join(names, "|") + `)\b`)
}

func TestNoEnglishIsLeftInChinese(t *testing.T) {
	names := called()
	for id, e := range catalogue(t, words.Chinese) {
		for _, text := range e.texts {
			if left := word.FindAllString(latin.ReplaceAllString(names.ReplaceAllString(text, " "), " "), -1); len(left) > 0 {
				t.Errorf("%s: %q has %v: say it in Chinese, or put what is typed into backquotes", id, text, left)
			}
		}
	}
}

// sets are the words for values of closed sets: words.Of(set, value). Whoever adds a set adds its values here.
func sets() map[string][]string {
	var checks []string
	for _, c := range preflight.All() {
		checks = append(checks, c.ID)
	}
	return map[string][]string{
		"code": {
			"context", "token", "forgotten", "given-up", "dns", "connect", "tls", "request", "held-deadline",
			"write", "timeout", "cancel", "cut", "silent", "hung-up", "size", "garbage", "id",
			"message", "tls-unknown-ca", "starttls-not-offered", "auth-unencrypted", "auth-not-offered", "kept-connection-closed", "smtputf8-not-offered", "too-large",
			"no-reply", "crash", "unsettled", "render", "allow-list", "suppressed", "frequency", "person",
			"found", "not-found", "held-late", "held-lost", "receipt",
			"asked-context", "asked-request", "asked-timeout", "asked-cancel", "asked-cut",
		},
		"meaning": { // of vendors' codes
			"isv.MOBILE_NUMBER_ILLEGAL", "isv.CUSTOMER_REFUSED", "isv.TEMPLATE_MISSING_PARAMETERS", "isv.TEMPLATE_PARAMS_ILLEGAL", "isv.INVALID_JSON_PARAM",
			"isv.PARAM_LENGTH_LIMIT", "isv.PARAM_NOT_SUPPORT_URL", "isv.BLACK_KEY_CONTROL_LIMIT", "isv.INVALID_PARAMETERS", "isv.BUSINESS_LIMIT_CONTROL",
			"isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE", "isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL", "isv.SMS_TEMPLATE_ILLEGAL",
			"isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_CONTENT_ILLEGAL", "InvalidParameterValue.IncorrectPhoneNumber", "FailedOperation.PhoneNumberParseFail",
			"FailedOperation.PhoneNumberInBlacklist", "UnsupportedOperation.UnsupportedRegion", "LimitExceeded.AppCountryOrRegionInBlacklist",
			"LimitExceeded.PhoneNumberDailyLimit", "LimitExceeded.PhoneNumberSameContentDailyLimit", "LimitExceeded.PhoneNumberOneHourLimit",
			"LimitExceeded.PhoneNumberThirtySecondLimit", "LimitExceeded.DeliveryFrequencyLimit", "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
			"FailedOperation.ContainSensitiveWord", "InvalidParameter.DirtyWordFound", "InvalidParameterValue.TemplateParameterLengthLimit",
			"InvalidParameterValue.TemplateParameterFormatError", "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
			"InvalidParameterValue.ContentLengthLimit", "21211", "21408", "21602", "21610", "21612", "21614", "21617", "21658", "30003", "30004", "30005",
			"30006", "30007", "30008", "UNDELIV", "EXPIRED", "REJECTD", "DELETED", "MessageRejected", "InvalidToAddress", "InvalidToAddress.Spam",
			"EmailFormatError", "hard_bounce", "soft_bounce", "HardBounce", "SoftBounce", "Suppressed", "status-1.1", "status-1.2", "status-1.3",
			"status-1.10", "status-2.1", "status-2.2", "status-2.3", "status-3.4", "status-4.1", "status-4.4", "status-4.7", "status-7.1", "status-7.20",
			"status-7.23", "status-7.25", "status-7.26",
		},
		"check":          checks,
		"template.kind":  {"code", "chars", "phone", "time", "money", "name", "text"},
		"sealed":         {"campaign", "message", "relist", "fold", "claim", "standing", "attempt", "resolution", "tally", "prints", "suppression"},
		"status":         {"not-run", "skip", "pass", "not-looked-at", "warn", "fail", "error"},
		"changed":        checklist.Scopes(),
		"checklist.key":  {"phase", "role", "check", "people", "evidence", "expiry"},
		"problem":        {"error", "warning"},
		"exit":           exitCodes(),
		"cmd.kind":       {"int", "int64", "uint64", "float64", "duration", "bool", "stringToString", "stringSlice"}, // as pflag names them
		"cmd.evidence":   {"any", "file", "link", "note"},
		"run.ended":      {"finished", "part", "paused", "aborted"},
		"send.budget-of": {"day", "month", "campaign"},
		"outcome":        {"accepted", "rejected", "throttled", "refused", "unsent", "unknown"},
		"state":          {"pending", "attempting", "accepted", "rejected", "unknown", "cancelled"},
		"campaign":       {"running", "paused", "aborted", "finished", "part", "unfinished"},
		"channel":        {"sms", "email"},
		"class":          {"notice", "marketing"},
		"environment":    {"production", "staging", "test"},
		"breaker":        {"closed", "open", "testing"},
		"lifted":         {"window", "deadline", "budget", "daily-quotas", "account-budgets"},
		"fault":          {"throttled", "refused", "rejected", "cut-before", "rate", "quota", "balance", "blacklisted", "unanswered"},
		"act": {
			"send", "resume", "join", "preflight", "pause", "unpause", "abort", "retry", "resolve", "rehearse", "emergency", "receipts", "receipts-import", "unsubscribe",
			"wave", "backup", "restore", "copy", "reconcile", "stop-when", "export", "purge", "person-show", "person-export", "person-forget", "trace-full", "trace-evidence",
		},
		"rule":  {"gsm", "mainland"},
		"group": {"list", "texts", "accounts", "sender", "money", "time", "ledger", "checklist"},
		"phase": {"before", "during", "after"},
		"role":  {"operations", "product", "it", "customer-service", "legal", "pr", "finance"},
		"item":  {"proven", "warned", "not-looked-at", "does-not-apply", "failed", "overridden", "taken-on", "signed", "missing", "lapsed"},
		"sheet": {"done-word", "open-word"},
		"page":  {"all", "checklist", "clear", "for-plan", "nothing", "texts", "plan", "since", "stops"}, // in the template of the page
		"term": { // see plan.Terms
			"recipients", "messages", "columns",
			"text", "template", "template-codes", "template-owner", "template-values", "template-variables", "subject", "sender", "reply-to", "html", "headers", "attachments",
			"name", "owner", "team", "class", "environment", "window", "deadline", "stop-failed", "stop-unknown", "stop-window", "waves", "budget",
			"shared-address", "order", "checklist", "dedupe-window", "told-lately", "expect", "name-column",
			"installation", "accounts", "vendor", "account-environment", "account-class", "endpoint", "way-out", "segments", "signature",
			"capacity", "class-hours", "weights", "frequency", "price", "country-price", "rate", "burst", "daily-quota", "ramp", "scenario-rate", "scenario-quota", "day-budget", "month-budget", "domain-rate", "domain-quota", "domain-slots", "rows",
		},
		"approval":     {"approved", "pending", "rejected"},
		"alert.change": {"began", "holds", "over"},
		"column":       {"month", "campaign", "team", "account", "class", "country", "unpriced", "channel", "vendor"}, // what costs and incidents are summed up by
		"side":         {"ours", "theirs", "more", "sheet-sum", "sheet-differences"},
		"difference":   {"only-ours", "only-theirs", "segments", "price"},
		"incident":     {"paused", "off", "interrupted", "died", "error", "breaker", "refused", "quota", "budget", "deadline", "stopped"},
		"found":        {"system", "person"},
		"severity":     {"info", "warning", "critical"},
		"suppressed":   {"opt-out", "hard-bounce", "complaint", "other", "taken-off"},
		"smtp.step":    {"connect", "TLS", "greeting", "EHLO", "STARTTLS", "AUTH", "RSET", "MAIL", "RCPT", "DATA", "body", "final-dot"},
		"receipt":      {"waiting", "delivered", "undelivered", "soft-bounce", "hard-bounce", "dropped", "complained", "opted-out", "replied", "clicked"},
		"query":        {"address", "key", "vendor-id", "text"},
		"grade":        {"unsigned", "person", "confirmed", "signed", "vendor"},
	}
}

func exitCodes() []string {
	var codes []string
	for _, c := range exit.Codes() {
		codes = append(codes, strconv.Itoa(c))
	}
	return codes
}

// use is a place in the code where a sentence is named.
type use struct {
	place string
	args  []string // nil where they are not written there
	known bool     // args is all there is
}

// uses finds every sentence that the code names: literals that stand where an id does, with their arguments.
func uses(t *testing.T, ids map[string]entry) (named map[string][]use, literals map[string]bool) {
	t.Helper()
	named, literals = make(map[string][]use), make(map[string]bool)
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && (d.Name() == "testdata" || d.Name() == "ledgertest" || strings.HasPrefix(d.Name(), ".") && path != root) {
				return filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if s, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					literals[s] = true
				}
			case *ast.CallExpr:
				if id, u, ok := useOf(files, n, ids); ok {
					named[id] = append(named[id], u)
				}
				if filepath.Base(filepath.Dir(path)) != "view" {
					return true
				}
				for _, id := range labelsOf(n) {
					named[id] = append(named[id], use{place: files.Position(n.Pos()).String()})
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return named, literals
}

// useOf looks at a call: an id, and right behind it words.A{…} or, in T, Err, Wrap and Do, nil.
func useOf(files *token.FileSet, call *ast.CallExpr, ids map[string]entry) (string, use, bool) {
	name := calledName(call)
	for i, arg := range call.Args {
		lit, ok := arg.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			continue
		}
		id, err := strconv.Unquote(lit.Value)
		if err != nil {
			continue
		}
		u := use{place: files.Position(call.Pos()).String()}
		if name == "N" && len(call.Args) == 2 && i == 1 {
			return "noun." + id, use{place: u.place, args: []string{"n"}, known: true}, true
		}
		if i+1 >= len(call.Args) {
			continue
		}
		says := slices.Contains([]string{"T", "Err", "Wrap", "Do", "say", "tell"}, name)
		if keys, isA := keysOf(call.Args[i+1], says); isA {
			if name == "Wrap" {
				keys = append(keys, "cause")
			}
			slices.Sort(keys)
			u.args, u.known = slices.Compact(keys), true
			return id, u, true
		}
		if _, there := ids[id]; there || says {
			return id, u, true
		}
	}
	return "", use{}, false
}

// labelsOf are the labels that a call of view's NewTable, columns, labelled and label names by literals.
func labelsOf(call *ast.CallExpr) []string {
	var ids []string
	args := call.Args
	switch calledName(call) {
	case "NewTable", "columns":
	case "labelled", "label":
		args = args[:min(1, len(args))]
	default:
		return nil
	}
	for _, arg := range args {
		lit, ok := arg.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			continue
		}
		if s, err := strconv.Unquote(lit.Value); err == nil {
			ids = append(ids, "column."+strings.TrimPrefix(s, ">"))
		}
	}
	return ids
}

func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// keysOf are the names in a literal words.A{…}; where a sentence is made, nil stands for none.
func keysOf(e ast.Expr, says bool) ([]string, bool) {
	if id, ok := e.(*ast.Ident); ok && id.Name == "nil" {
		return []string{}, says
	}
	lit, ok := e.(*ast.CompositeLit)
	if !ok {
		return nil, false
	}
	switch typ := lit.Type.(type) {
	case *ast.Ident:
		ok = typ.Name == "A"
	case *ast.SelectorExpr:
		ok = typ.Sel.Name == "A"
	default:
		ok = false
	}
	keys := []string{}
	for _, el := range lit.Elts {
		kv, isKV := el.(*ast.KeyValueExpr)
		if !isKV {
			return nil, false
		}
		key, isLit := kv.Key.(*ast.BasicLit)
		if !isLit {
			return nil, false
		}
		s, err := strconv.Unquote(key.Value)
		if err != nil {
			return nil, false
		}
		keys = append(keys, s)
	}
	return keys, ok
}

// One thing has one word: these are words of others for what has a word here.
func TestChineseHasOneWordForOneThing(t *testing.T) {
	strays := map[string]string{
		"任务": "活动", "账本": "台账", "结果不明": "结果未知", "已接受": "已受理", "收件人": "接收人", "审计": "操作记录", "预检": "发送前检查", "签核": "签字",
		"关闭熔断": "解除熔断", "人工认定": "核实", "忽略检查": "强制放行",
	}
	jobs := regexp.MustCompile(`定时任务|两个任务`) // jobs of other systems
	for id, e := range catalogue(t, words.Chinese) {
		for _, text := range e.texts {
			text = jobs.ReplaceAllString(text, "")
			for stray, word := range strays {
				if strings.Contains(text, stray) {
					t.Errorf("%s says %s, which is %s here: %s", id, stray, word, text)
				}
			}
		}
	}
}

func TestCodeAndCatalogueNameTheSameSentences(t *testing.T) {
	en := catalogue(t, words.English)
	named, literals := uses(t, en)
	for id, us := range named {
		e, ok := en[id]
		if !ok {
			t.Errorf("%s: %s is not in the catalogue", us[0].place, id)
			continue
		}
		for _, u := range us {
			if !u.known {
				continue
			}
			if missing := without(e.args, u.args); len(missing) > 0 {
				t.Errorf("%s: %s has no %v, which its template shows", u.place, id, missing)
			}
			if extra := without(u.args, append(e.args, e.chooses()...)); len(extra) > 0 {
				t.Errorf("%s: %s has %v, which no template shows", u.place, id, extra)
			}
		}
	}
	for literal := range literals {
		code, ours := strings.CutPrefix(literal, "notify:")
		if _, known := en["code."+code]; ours && !known && code != "" && !strings.HasSuffix(code, "-") && !strings.Contains(code, " ") && !strings.Contains(code, "%") {
			t.Errorf("the code %s has no sentence code.%s", literal, code)
		}
	}
	used := make(map[string]bool)
	for set, values := range allSets() {
		for _, v := range values {
			if _, ok := en[set+"."+v]; !ok {
				t.Errorf("%s.%s is not in the catalogue", set, v)
			}
			used[set+"."+v] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(en)) {
		if !used[id] && !literals[id] && !literals[strings.TrimPrefix(id, "noun.")] && len(named[id]) == 0 {
			t.Errorf("%s is in the catalogue, and nothing says it", id)
		}
	}
}

func without(all, some []string) []string {
	var left []string
	for _, s := range all {
		if !slices.Contains(some, s) {
			left = append(left, s)
		}
	}
	return left
}
